// The settings of consent: part of the table of config_table.cpp.
#include "app/config_setting.hpp"

namespace earshot::app {
namespace {

Result<void> apply_consent(Config& config, const std::string& value) {
  if (value == "record-first")
    config.recording_consent = RecordingConsent::record_first;
  else if (value == "notice-first")
    config.recording_consent = RecordingConsent::notice_first;
  else
    return fail(ErrorKind::invalid, "is '" + value + "'");
  return ok();
}

}  // namespace

std::vector<Setting> consent_settings() {
  return {
      {"RECORDING_CONSENT", "Recording", "record-first|notice-first", "record-first",
       "record-first: the recording notice is in the recording. notice-first: the recording is "
       "started paused and resumed once the notice was played to its end; nothing is kept of the "
       "call before.",
       false, apply_consent},
  };
}

}  // namespace earshot::app
