#pragma once
// Several ACS resources in one program, a region each: every one with its own port, access key,
// audience, topic and phone numbers. A call belongs to the resource whose number is dialled.

#include "simulator/acs_server.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace earshot::simulator {

inline constexpr std::size_t resources_max = 32;

// One as the command line asks for it. What is empty (the port: 0) follows from its place.
struct ResourceWish {
  std::string label;
  std::vector<std::string> numbers;
  std::uint16_t port = 0;
  std::string public_url;
  std::string access_key_base64;
  std::string audience;
  std::string topic;
};

// "jpe:number=+15550299,number=+15550298,port=7789,key=<base64>,audience=<id>,topic=<id in
// Azure>,url=<how the application reaches it>"; a number is needed, nothing else. `invalid` names
// the word.
Result<ResourceWish> parse_resource(std::string_view text);

// The options of each, from those that all share; without a wish those alone. Ports go up from the
// shared one, whose place the first takes. `invalid` where two are not to be told apart.
Result<std::vector<AcsOptions>> options_of_each(const AcsOptions& shared,
                                                const std::vector<ResourceWish>& wishes);

class ResourceSet {
 public:
  using MakeExports = std::function<std::unique_ptr<ChunkStore>()>;

  // Services outlive this. At least one.
  ResourceSet(SimulatorServices services, const std::vector<AcsOptions>& options,
              const MakeExports& make_exports);

  // Its router has whatever is there once: the assistant's side and the control interface.
  AcsSimulator& first() const { return *all_.front(); }
  const std::vector<std::unique_ptr<AcsSimulator>>& all() const { return all_; }
  // Null: none has that number.
  AcsSimulator* of_number(std::string_view number) const;
  // "weu +15550199, jpe +15550299"
  std::string numbers_text() const;

  // All serve when it returns.
  Result<void> start();
  void begin_stop();
  Task<void> stop();

  // What an application needs; with several, `file` is where resources_file() was written.
  std::vector<std::pair<std::string, std::string>> environment(const std::string& file) const;
  // All of them as an application reads them: {"resources":[…]}.
  std::string resources_file() const;

 private:
  std::vector<std::unique_ptr<AcsSimulator>> all_;
};

}  // namespace earshot::simulator
