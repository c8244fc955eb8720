#pragma once
// Where files that were fetched from ACS's storage are kept in ours. A service-managed recording
// gets the layout that ACS gives a customer's container, so that discovery finds it as it finds
// any; a second copy stands beside the chunks under a name that is no chunk's. Pure.

#include "domain/call.hpp"
#include "domain/recording.hpp"

#include <string>

namespace earshot::recording {

// "20260302/<serverCallId>/<recordingId>/", on the UTC date of the recording's start. An id with a
// "/" in it stands percent-encoded, which is one of the forms that discovery looks for.
std::string fetched_folder(const Recording& recording, const Call& call);

struct FetchedNames {
  BlobName audio;
  BlobName metadata;
};

// "0-audiowav.wav" and "0-acsmetadata.json".
FetchedNames chunk_names(const std::string& folder, ChunkIndex index, RecordingFormat format);
// "second-copy-0.wav" and "second-copy-0.json".
FetchedNames second_copy_names(const std::string& folder, ChunkIndex index, RecordingFormat format);

}  // namespace earshot::recording
