// Writes the seeds of the corpora: make_corpus FOLDER makes
// FOLDER/TARGET/seed-* from the golden vectors (tests/vectors), from the rows
// of a tablet and a centre, and from recorded sessions. tests/fuzz/run then
// merges them.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "evidence/specification.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "storage/replica/keys.h"
#include "sync/base/codec.h"
#include "tests/fuzz/recovery_scenes.h"

namespace vouch::fuzz {
namespace {

constexpr size_t kSeedBytesMax = 8192;

class Corpus {
 public:
  explicit Corpus(const std::string& folder) : folder_(folder) {}

  void Add(const std::string& target, absl::string_view bytes) {
    if (bytes.size() > kSeedBytesMax) return;
    const std::string folder = absl::StrCat(folder_, "/", target);
    std::filesystem::create_directories(folder);
    std::ofstream file(absl::StrCat(folder, "/seed-", count_[target]++),
                       std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    VOUCH_CHECK(file.good());
  }

 private:
  const std::string folder_;
  std::map<std::string, int> count_;
};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  VOUCH_CHECK(file.good());
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

std::string FromRoot(absl::string_view path) {
  return ReadFile(absl::StrCat(VOUCH_SOURCE_DIR, "/", path));
}

// Calls visit(name, bytes) for every member of hexadecimal digits, at any
// depth.
using Visit = std::function<void(const std::string&, const std::string&)>;
void Walk(const std::string& name, const google::protobuf::Value& value,
          const Visit& visit) {
  if (value.has_struct_value()) {
    for (const auto& [key, member] : value.struct_value().fields()) {
      Walk(key, member, visit);
    }
  } else if (value.has_list_value()) {
    for (const auto& item : value.list_value().values()) {
      Walk(name, item, visit);
    }
  } else if (value.kind_case() == google::protobuf::Value::kStringValue) {
    const std::string& text = value.string_value();
    if (text.empty() || text.size() % 2 != 0 ||
        text.find_first_not_of("0123456789abcdef") != std::string::npos) {
      return;
    }
    visit(name, absl::HexStringToBytes(text));
  }
}

void WalkVectors(const std::string& file, const Visit& visit) {
  google::protobuf::Value value;
  auto parsed = google::protobuf::util::JsonStringToMessage(
      FromRoot(absl::StrCat("tests/vectors/", file)), &value);
  VOUCH_CHECK(parsed.ok());
  Walk("", value, visit);
}

// `form` is the first byte by which a target of several forms chooses.
std::string Form(char form, absl::string_view bytes) {
  return absl::StrCat(std::string(1, form), bytes);
}

void AddVectors(Corpus& corpus) {
  WalkVectors("core.json", [&](const auto& name, const auto& bytes) {
    if (name == "core" || name == "bytes") corpus.Add("change_core", bytes);
  });
  WalkVectors("payload.json", [&](const auto& name, const auto& bytes) {
    if (name == "payload" || name == "bytes") corpus.Add("payload", bytes);
  });
  WalkVectors("segment.json", [&](const auto& name, const auto& bytes) {
    if (name == "wire" || name == "bytes")
      corpus.Add("segment", Form(1, bytes));
    if (name == "stored_header") corpus.Add("segment", Form(2, bytes));
  });
  corpus.Add("segment", std::string(64, '\0'));
  WalkVectors("log.json", [&](const auto& name, const auto& bytes) {
    if (name == "entry") corpus.Add("log_entry", Form(0, bytes));
    if (name == "bytes" || absl::StrContains(name, "commit")) {
      corpus.Add("log_entry", Form(0, bytes));
      corpus.Add("log_entry", Form(1, bytes));
      corpus.Add("log_entry", Form(2, bytes));
    }
    if (absl::StrContains(name, "head")) {
      corpus.Add("log_entry", Form(2, bytes));
    }
  });
  WalkVectors("merkle.json", [&](const auto& name, const auto& bytes) {
    if (name != "compact_ranges") return;
    std::string size = {static_cast<char>(bytes.size() >> 8),
                        static_cast<char>(bytes.size() & 0xff)};
    corpus.Add("log_entry", Form(3, absl::StrCat(size, bytes, "\x07")));
  });
  WalkVectors("sealed.json", [&](const auto& name, const auto& bytes) {
    if (name == "sealed" || name == "bytes") {
      corpus.Add("sealed", Form(0, bytes));
      corpus.Add("sealed", Form(1, bytes));
    }
  });
}

// Each choice of proof, whole and altered in each way.
void AddProofs(Corpus& corpus) {
  for (char form : {0, 1, 2}) {
    for (char size : {1, 2, 7, 64, 100}) {
      for (char edits : {0, 1, 2}) {
        corpus.Add(
            "proof",
            Form(form, std::string({0, size, size, edits, 1, edits, 5, 9})));
      }
    }
  }
}

void AddRowsOf(const Store& store, Corpus& corpus) {
  const std::pair<Family, char> forms[] = {
      {Family::kChain, 0},        {Family::kByHash, 1},
      {Family::kRecordChange, 2}, {Family::kRecordState, 3},
      {Family::kSegment, 4},      {Family::kLog, 5},
      {Family::kByScope, 6},      {Family::kConflict, 7}};
  for (const auto& [family, form] : forms) {
    int rows = 0;
    VOUCH_CHECK(
        store
            .Scan(family, "", "",
                  [&, form = form](absl::string_view key,
                                   absl::string_view value) {
                    std::string head;
                    if (form == 3 || form == 7) {
                      head = absl::StrCat(
                          std::string(1, static_cast<char>(key.size())), key);
                    }
                    corpus.Add("rows", Form(form, absl::StrCat(head, value)));
                    return ++rows < 4;
                  })
            .ok());
  }
}

// Messages as they were sent, each at the place of the raw bytes that the
// hostile peers send.
void AddSession(char chosen, Corpus& corpus) {
  Input choice(reinterpret_cast<const uint8_t*>(&chosen), 1);
  const Scene* scene = ChooseScene(choice);
  auto tablet = CopyTablet(scene);
  auto centre = CopyCentre(scene);
  if (scene == nullptr) {
    AddRowsOf(*tablet->store, corpus);
    AddRowsOf(*centre->store, corpus);
  }
  auto sized = [](absl::string_view bytes) {
    return absl::StrCat(std::string(1, static_cast<char>(bytes.size() >> 8)),
                        std::string(1, static_cast<char>(bytes.size() & 0xff)),
                        bytes);
  };
  std::string requests(1, chosen);
  std::string responses(1, chosen);
  LoopbackOptions record;
  record.on_request = [&](const v1::SyncRequest& message) {
    const std::string bytes = message.SerializeAsString();
    if (bytes.size() < 600)
      absl::StrAppend(&requests, "\x04", sized(bytes), "\x07");
    return true;
  };
  record.on_response = [&](const v1::SyncResponse& message) {
    const std::string bytes = message.SerializeAsString();
    if (bytes.size() < 600) absl::StrAppend(&responses, "\x03", sized(bytes));
    return true;
  };
  VOUCH_CHECK(SyncOverLoopback(*tablet->device, *centre->centre, 0, record)
                  .status.ok());
  corpus.Add("hostile_device", requests);
  responses.insert(1, "\x07");
  corpus.Add("hostile_centre", responses);
  // Each answer, and each message of the honest tablet, in each way.
  for (char way : {7, 8, 9, 10, 11}) {
    for (size_t at = 0; at < 8; ++at) {
      corpus.Add("hostile_centre",
                 absl::StrCat(std::string(1, chosen), std::string(at, '\0'),
                              std::string(1, way), "\1\2\3\4\5\6\7"));
    }
  }
  for (size_t at = 0; at < 8; ++at) {
    std::string said(1, chosen);
    for (size_t i = 0; i < at; ++i) said.append("\x08\0\x07", 3);
    corpus.Add("hostile_device", said);
    for (char field : {0, 1, 2}) {
      corpus.Add("hostile_device",
                 absl::StrCat(said, std::string({9, 0, 0, 0, field, 3, 0, 1}),
                              "\x07\x01\x07"));
    }
  }
}

void AddRest(Corpus& corpus) {
  // An honest session: say hello, push, pull, be answered.
  corpus.Add("hostile_device",
             absl::string_view("\0\1\7\2\0\0\7\3\x20\4\7", 11));
  // After hello, a flood of each kind.
  corpus.Add("hostile_device", absl::string_view("\0\1\7\x0a\0\x0f", 6));
  corpus.Add("hostile_device", absl::string_view("\0\1\7\x0a\1\x0f", 6));
  for (char item : {0, 2, 3}) {
    for (char ack : {0, 3}) {
      std::string bytes({ack, 0, item, 0, 0, 1, 1, 5, 9, 9});
      corpus.Add("forged_log", bytes + bytes + std::string(30, '\0') + bytes);
    }
  }
  for (char family = 0; family < kFamilyCount; ++family) {
    for (char way = 0; way < 7; way += 2) {
      corpus.Add("store_rows", std::string({family, 1, 2, way, 4, 5, 6}));
    }
  }
}

std::string JsonOf(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  VOUCH_CHECK(
      google::protobuf::util::MessageToJsonString(message, &json, options)
          .ok());
  return json;
}

// Takes every list item out of `message`, a part of `root`, without which the
// specification is still a valid one.
void Shrink(const v1::Specification& root, google::protobuf::Message& message) {
  const auto& reflection = *message.GetReflection();
  std::unique_ptr<google::protobuf::Message> saved(message.New());
  for (int f = 0; f < message.GetDescriptor()->field_count(); ++f) {
    const auto* field = message.GetDescriptor()->field(f);
    if (!field->is_repeated()) continue;
    for (int i = reflection.FieldSize(message, field) - 1; i >= 0; --i) {
      saved->CopyFrom(message);
      const int last = reflection.FieldSize(message, field) - 1;
      for (int j = i; j < last; ++j) {
        reflection.SwapElements(&message, field, j, j + 1);
      }
      reflection.RemoveLast(&message, field);
      if (ParseSpecification(JsonOf(root)).ok()) continue;
      message.CopyFrom(*saved);
      if (field->cpp_type() ==
          google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
        Shrink(root, *reflection.MutableRepeatedMessage(&message, field, i));
      }
    }
  }
}

void AddSpecification(Corpus& corpus) {
  auto parsed =
      ParseSpecification(FromRoot("evidence/specifications/03455.json"));
  VOUCH_CHECK(parsed.ok());
  v1::Specification data = parsed->data();
  Shrink(data, data);
  const std::string json = JsonOf(data);
  VOUCH_CHECK(json.size() < kSeedBytesMax && ParseSpecification(json).ok());
  corpus.Add("specification", json);
}

void AddFiles(Corpus& corpus) {
  corpus.Add("config", FromRoot("deploy/vouchd.toml"));
  corpus.Add("config",
             "data = \"/d\"\nlisten = \"[::1]:1\"\n[limits]\n"
             "sessions_max = 10\n");
  corpus.Add("config",
             "server_names = [\"a.example\", \"*.b\"]\nlog.level = "
             "\"debug\"\n");
  for (absl::string_view text :
       {"when=2026-09-01T10:00/10:45", "when=2026-09-01T10:00:00.5+01:00",
        "when=infinite-future", "criteria=F1:1.1,F1:1.2", "venue=Front office",
        "simulated=yes", "observer=0192f3a4-0000-7000-8000-000000000001"}) {
    corpus.Add(
        "typed_text",
        absl::StrCat(std::string(2, '\0'),
                     std::string(1, static_cast<char>(text.size())), text,
                     "\2\3=ab\3\3"
                     "1=c"));
    corpus.Add("typed_text", Form(2, text));
  }
  corpus.Add("typed_text", Form(1, R"({"venue": "A", "narrative": )"
                                   R"([{"text": "B"}], "observer": "00ff"})"));
  corpus.Add("typed_text",
             Form(3, absl::StrCat(std::string({1, 'q', 1, 'p', 'p'}), "AQ==")));
  for (char at : {0, 1, 8, 17, 34, 51, 80, 99}) {
    corpus.Add("sqlite_file", std::string({0, 0, 0, at, 1, 7, 'x', at, 'y'}));
    corpus.Add("sqlite_file", std::string({7, 40, at, 3, 1, 0, 55, 6, 7, 22}));
  }
}

}  // namespace
}  // namespace vouch::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_corpus FOLDER\n");
    return 2;
  }
  vouch::fuzz::Corpus corpus(argv[1]);
  vouch::fuzz::AddVectors(corpus);
  vouch::fuzz::AddProofs(corpus);
  for (char scene = 0; scene < static_cast<char>(vouch::fuzz::kScenes);
       ++scene) {
    vouch::fuzz::AddSession(scene, corpus);
  }
  vouch::fuzz::AddRest(corpus);
  vouch::fuzz::AddSpecification(corpus);
  vouch::fuzz::AddFiles(corpus);
  return 0;
}
