// The only file that includes prometheus-cpp.
#include "base/counters.hpp"

#include <map>
#include <mutex>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace earshot {
namespace {

struct PrometheusCounter : Counter {
  explicit PrometheusCounter(prometheus::Counter& to) : metric(to) {}
  void add(double amount) override { metric.Increment(amount); }
  double value() const override { return metric.Value(); }
  prometheus::Counter& metric;
};

struct PrometheusGauge : Gauge {
  explicit PrometheusGauge(prometheus::Gauge& to) : metric(to) {}
  void set(double value) override { metric.Set(value); }
  void add(double amount) override { metric.Increment(amount); }
  double value() const override { return metric.Value(); }
  prometheus::Gauge& metric;
};

struct PrometheusHistogram : Histogram {
  explicit PrometheusHistogram(prometheus::Histogram& to) : metric(to) {}
  void observe(double value) override { metric.Observe(value); }
  prometheus::Histogram& metric;
};

using Labels = std::map<std::string, std::string>;

Labels to_labels(const MetricLabels& labels) {
  Labels made;
  for (const MetricLabel& label : labels) made[label.name] = label.value;
  return made;
}

}  // namespace

struct Counters::State {
  using Key = std::pair<std::string, Labels>;

  prometheus::Registry registry;
  std::mutex mutex;  // guards the maps
  std::map<Key, std::unique_ptr<PrometheusCounter>> counters;
  std::map<Key, std::unique_ptr<PrometheusGauge>> gauges;
  std::map<Key, std::unique_ptr<PrometheusHistogram>> histograms;
};

Counters::Counters() : state_(std::make_unique<State>()) {}
Counters::~Counters() = default;

Counter& Counters::counter(std::string_view name, std::string_view help, MetricLabels labels) {
  const State::Key key(std::string(name), to_labels(labels));
  std::lock_guard lock(state_->mutex);
  auto& made = state_->counters[key];
  if (!made) {
    auto& family = prometheus::BuildCounter()
                       .Name(key.first)
                       .Help(std::string(help))
                       .Register(state_->registry);
    made = std::make_unique<PrometheusCounter>(family.Add(key.second));
  }
  return *made;
}

Gauge& Counters::gauge(std::string_view name, std::string_view help, MetricLabels labels) {
  const State::Key key(std::string(name), to_labels(labels));
  std::lock_guard lock(state_->mutex);
  auto& made = state_->gauges[key];
  if (!made) {
    auto& family =
        prometheus::BuildGauge().Name(key.first).Help(std::string(help)).Register(state_->registry);
    made = std::make_unique<PrometheusGauge>(family.Add(key.second));
  }
  return *made;
}

Histogram& Counters::histogram(std::string_view name, std::string_view help,
                               std::vector<double> bounds, MetricLabels labels) {
  const State::Key key(std::string(name), to_labels(labels));
  std::lock_guard lock(state_->mutex);
  auto& made = state_->histograms[key];
  if (!made) {
    auto& family = prometheus::BuildHistogram()
                       .Name(key.first)
                       .Help(std::string(help))
                       .Register(state_->registry);
    made = std::make_unique<PrometheusHistogram>(family.Add(key.second, bounds));
  }
  return *made;
}

std::string Counters::render() const {
  const prometheus::TextSerializer serializer;
  return serializer.Serialize(state_->registry.Collect());
}

}  // namespace earshot
