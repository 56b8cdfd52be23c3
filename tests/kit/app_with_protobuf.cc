// An app that exports another protobuf and loads libvouch.so when it needs it,
// with its own libraries first (RTLD_DEEPBIND).
//
//   app_with_protobuf LIBVOUCH FOLDER
#include <dlfcn.h>

#include <cstdio>

#include "tests/kit/clashing.h"
#include "vouch/vouch.h"

// google::protobuf::Message::~Message(), MessageLite::ParseFromArray,
// MessageLite::SerializeAsString, and the registration of generated classes.
VOUCH_CLASH(_ZN6google8protobuf7MessageD1Ev)
VOUCH_CLASH(_ZN6google8protobuf7MessageD2Ev)
VOUCH_CLASH(_ZN6google8protobuf11MessageLite14ParseFromArrayEPKvi)
VOUCH_CLASH(_ZNK6google8protobuf11MessageLite17SerializeAsStringB5cxx11Ev)
VOUCH_CLASH(
    _ZN6google8protobuf8internal14AddDescriptorsEPKNS1_15DescriptorTableE)
VOUCH_CLASH(
    _ZN6google8protobuf8internal20AddDescriptorsRunnerC1EPKNS1_15DescriptorTableE)

template <typename Function>
Function* Find(void* library, Function*, const char* name) {
  return reinterpret_cast<Function*>(dlsym(library, name));
}
#define VOUCH_FIND(library, name) Find(library, &name, #name)

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
  if (library == nullptr) {
    std::puts(dlerror());
    return 3;
  }
  auto* open = VOUCH_FIND(library, vouch_open);
  auto* validate = VOUCH_FIND(library, vouch_validate_message);
  auto* from_json = VOUCH_FIND(library, vouch_message_from_json);
  auto* release = VOUCH_FIND(library, vouch_buffer_free);
  auto* close = VOUCH_FIND(library, vouch_close);
  if (!open || !validate || !from_json || !release || !close) return 4;

  vouch_open_options options = {};
  options.struct_size = sizeof options;
  options.folder = vouch_text(argv[2]);
  vouch_client* client = nullptr;
  if (open(&options, &client) != nullptr) return 5;
  vouch_buffer bytes = {}, problems = {};
  if (from_json(vouch_text("Observation"), vouch_text("{\"venue\": \"x\"}"),
                &bytes) != nullptr) {
    return 6;
  }
  const vouch_message record = {vouch_text("Observation"),
                                vouch_slice_of(&bytes)};
  if (validate(&record, &problems) != nullptr) return 7;
  release(&bytes);
  release(&problems);
  close(client);
  std::puts("isolated");
  return 0;
}
