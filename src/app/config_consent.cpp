// The settings of consent: part of the table of config_table.cpp.
#include "app/config_setting.hpp"
#include "app/config_values.hpp"

namespace earshot::app {

std::vector<Setting> consent_settings() {
  return {
      {"RECORDING_CONSENT", "Recording", "record-first|notice-first", "record-first",
       "record-first: the recording notice is in the recording. notice-first: the recording is "
       "started paused and resumed once the notice was played to its end; nothing is kept of the "
       "call before.",
       false,
       choice<RecordingConsent>(&Config::recording_consent,
                                {{"record-first", RecordingConsent::record_first},
                                 {"notice-first", RecordingConsent::notice_first}})},
  };
}

}  // namespace earshot::app
