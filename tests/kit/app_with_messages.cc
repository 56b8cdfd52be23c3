// An app that carries its own classes of vouch.v1, on protobuf's shared
// library, beside libvouch.so, which has such classes too.
//
//   app_with_messages FOLDER
//
// Without the names of their own that libvouch registers (private_messages.py)
// protobuf would abort before main.
#include <cstdio>
#include <string>

#include "google/protobuf/descriptor.h"
#include "vouch/v1/client.pb.h"
#include "vouch/v1/records.pb.h"
#include "vouch/vouch.h"

namespace {

bool Failed(vouch_error* error) {
  if (error == nullptr) return false;
  std::printf("%s: %s\n", vouch_error_name(error), vouch_error_message(error));
  vouch_error_free(error);
  return true;
}

vouch_slice SliceOf(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  // The registry knows the app's classes by the name that they have.
  const auto* found =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
          "vouch.v1.Observation");
  if (found != vouch::v1::Observation::descriptor()) return 3;

  vouch_open_options options = {};
  options.struct_size = sizeof options;
  options.folder = vouch_text(argv[1]);
  vouch_client* client = nullptr;
  if (Failed(vouch_open(&options, &client))) return 4;

  vouch::v1::Observation seen;
  seen.set_venue("Front office");
  const std::string bytes = seen.SerializeAsString();
  const vouch_message record = {vouch_text("Observation"), SliceOf(bytes)};
  vouch_buffer out = {};
  if (Failed(vouch_validate_message(&record, &out))) return 5;
  vouch::v1::FieldProblemList problems;
  if (!problems.ParseFromArray(out.data, static_cast<int>(out.size))) return 6;
  vouch_buffer_free(&out);
  // The merge options reached the library's own descriptors.
  for (const auto& problem : problems.problems()) {
    std::printf("%s: %s\n", problem.field().c_str(), problem.words().c_str());
  }
  if (problems.problems_size() == 0) return 7;
  if (Failed(vouch_message_to_json(vouch_text("Observation"), SliceOf(bytes),
                                   &out))) {
    return 8;
  }
  std::printf("%s\n", reinterpret_cast<const char*>(out.data));
  vouch_buffer_free(&out);
  vouch_close(client);
  return 0;
}
