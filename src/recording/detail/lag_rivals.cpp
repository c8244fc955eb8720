#include "recording/detail/lag_rivals.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace earshot::recording::detail {

namespace {

// To either side of a unit.
constexpr std::size_t units_beside = 5;
// A rival has this share of the evidence that the lag has which was found.
constexpr double rival_share = 0.6;
// The best of hundreds of lags has about this much by chance.
constexpr double evidence_by_chance = 3;
// With less than this at its own lag, a unit and its neighbours can tell nothing of other lags.
constexpr double own_min = 4;
// At so many of the lags something must be known of one of them.
constexpr double known_share_min = 0.5;
// The way down from the peak at the lag that was found, of which no place is a rival, ends where
// little is left, where it goes up again by so much, and here at the latest.
constexpr double foot_share = 0.3;
constexpr double valley_share = 0.1;
constexpr std::int64_t peak_lags_max = 50;
// Neighbours whose lags differ by more are not of one delay: half a second.
constexpr std::int64_t one_delay_lags = 25;

// Evidence of a unit and its neighbours, moved by the same number of lags.
struct Moved {
  double own = 0;    // at the lags that were found, of those that lie in the stretch at both
  double moved = 0;  // of all that lie in the stretch once they are moved
  double own_sharp = 0;
  double moved_sharp = 0;
  bool known = false;  // any of them lies in the stretch once it is moved

  double share() const { return own > 0 ? moved / own : 0; }
  double share_sharp() const { return own_sharp > 0 ? moved_sharp / own_sharp : 0; }
  bool is_rival() const {
    return moved > 0 && moved_sharp > evidence_by_chance && moved >= rival_share * own;
  }
};

std::int64_t lags_apart(const UnitClaim& a, const UnitClaim& b) { return std::abs(a.lag - b.lag); }

class Neighbours {
 public:
  Neighbours(std::span<const UnitClaim> units, std::size_t at, std::int64_t first_lag)
      : first_lag_(first_lag), lag_(units[at].lag) {
    const std::size_t from = at > units_beside ? at - units_beside : 0;
    const std::size_t to = std::min(units.size(), at + units_beside + 1);
    for (std::size_t i = from; i < to; ++i) {
      // One that was found elsewhere is of another delay; one that was not found tells of this one.
      if (units[i].matched && lags_apart(units[i], units[at]) > one_delay_lags) continue;
      const std::int64_t lag = units[i].matched ? units[i].lag : lag_;
      members_.push_back({.unit = &units[i],
                          .lag = lag,
                          .own = value(units[i].fit, lag),
                          .own_sharp = value(units[i].evidence, lag)});
    }
  }

  Moved moved_by(std::int64_t lags) const {
    Moved sum;
    for (const Member& member : members_) {
      const float there = best_near(member.unit->fit, member.lag + lags);
      if (std::isnan(there)) continue;
      sum.known = true;
      sum.moved += double{there};
      sum.moved_sharp += double{best_near(member.unit->evidence, member.lag + lags)};
      if (std::isnan(member.own)) continue;
      sum.own += double{member.own};
      sum.own_sharp += double{member.own_sharp};
    }
    return sum;
  }

 private:
  struct Member {
    const UnitClaim* unit = nullptr;
    std::int64_t lag = 0;
    float own = 0;
    float own_sharp = 0;
  };

  float value(std::span<const float> values, std::int64_t lag) const {
    const std::int64_t at = lag - first_lag_;
    return at < 0 || at >= static_cast<std::int64_t>(values.size())
               ? lag_unknown
               : values[static_cast<std::size_t>(at)];
  }
  // Slots meet one lag better than the one beside it.
  float best_near(std::span<const float> values, std::int64_t lag) const {
    return std::fmax(value(values, lag), std::fmax(value(values, lag - 1), value(values, lag + 1)));
  }

  std::int64_t first_lag_;
  std::int64_t lag_;
  std::vector<Member> members_;
};

// How far from the lag that was found its own peak reaches, to one side.
std::int64_t peak_end(const std::vector<Moved>& moved, std::int64_t middle, std::int64_t step) {
  double least = 1;
  std::int64_t at = middle;
  for (std::int64_t i = 0; i < peak_lags_max; ++i, at += step) {
    if (at < 0 || at >= static_cast<std::int64_t>(moved.size())) break;
    const Moved& here = moved[static_cast<std::size_t>(at)];
    if (here.share() < foot_share || here.share_sharp() > least + valley_share) break;
    least = std::min(least, here.share_sharp());
  }
  return at;
}

// Two that fit the same sound of the recording: no more than one of them can be right.
bool share_a_place(const UnitClaim& a, const UnitClaim& b) {
  const std::int64_t shared =
      std::min(a.to + a.lag, b.to + b.lag) - std::max(a.from + a.lag, b.from + b.lag);
  return 2 * shared > std::min(a.to - a.from, b.to - b.from);
}

// Once all rivals are known: of sounds that repeat themselves, one may well have come to lie where
// there is nothing to compare it with.
bool is_outnumbered(std::span<const UnitClaim> units, const std::vector<Rivalry>& all,
                    std::size_t at) {
  std::size_t beside = 0;
  std::size_t elsewhere = 0;
  const std::size_t from = at > units_beside ? at - units_beside : 0;
  const std::size_t to = std::min(units.size(), at + units_beside + 1);
  for (std::size_t i = from; i < to; ++i) {
    if (!units[i].matched) continue;
    const bool near = lags_apart(units[i], units[at]) <= one_delay_lags;
    if (!near && share_a_place(units[i], units[at])) return true;
    if (near && all[i].lags.empty()) ++beside;
    if (!near && !all[i].lags.empty()) ++elsewhere;
  }
  return elsewhere >= beside;
}

Rivalry rivalry_of(const Neighbours& neighbours, std::int64_t lag, std::int64_t first_lag,
                   std::int64_t lags) {
  std::vector<Moved> moved;
  moved.reserve(static_cast<std::size_t>(lags));
  for (std::int64_t i = 0; i < lags; ++i) moved.push_back(neighbours.moved_by(first_lag + i - lag));
  const std::int64_t before = peak_end(moved, lag - first_lag, -1);
  const std::int64_t behind = peak_end(moved, lag - first_lag, 1);
  Rivalry rivals;
  std::int64_t best = -1;
  const auto close = [&] {
    if (best >= 0) rivals.lags.push_back(first_lag + best);
    best = -1;
  };
  for (std::int64_t i = 0; i < lags; ++i) {
    const Moved& here = moved[static_cast<std::size_t>(i)];
    if ((i > before && i < behind) || !here.is_rival())
      close();
    else if (best < 0 || here.moved_sharp > moved[static_cast<std::size_t>(best)].moved_sharp)
      best = i;
  }
  close();
  const auto known = std::ranges::count_if(moved, &Moved::known);
  rivals.unclear = neighbours.moved_by(0).own < own_min ||
                   static_cast<double>(known) < known_share_min * static_cast<double>(lags);
  return rivals;
}

}  // namespace

std::vector<Rivalry> rivalries(std::span<const UnitClaim> units, std::int64_t first_lag) {
  std::vector<Rivalry> all(units.size());
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (!units[i].matched) continue;
    all[i] = rivalry_of(Neighbours(units, i, first_lag), units[i].lag, first_lag,
                        static_cast<std::int64_t>(units[i].fit.size()));
  }
  for (std::size_t i = 0; i < units.size(); ++i)
    if (units[i].matched && all[i].lags.empty() && is_outnumbered(units, all, i))
      all[i].unclear = true;
  return all;
}

}  // namespace earshot::recording::detail
