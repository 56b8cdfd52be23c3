// For tests of vouch.h against a real centre: short ways through its functions,
// each of which must succeed.
#ifndef VOUCH_TESTS_KIT_C_FIXTURE_H_
#define VOUCH_TESTS_KIT_C_FIXTURE_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client-lib/c/support.h"
#include "tests/support/server_world.h"
#include "tests/support/temp_dir.h"
#include "vouch/v1/client.pb.h"
#include "vouch/vouch.h"

namespace vouch {

// The reason's name, "OK" if there is none; frees the error.
inline std::string Outcome(vouch_error* error) {
  if (error == nullptr) return "OK";
  std::string name = vouch_error_name(error);
  EXPECT_STRNE("", vouch_error_message(error));
  EXPECT_STRNE("", vouch_error_advice(error));
  vouch_error_free(error);
  return name;
}

inline std::string FieldOf(vouch_error* error) {
  std::string field = vouch_error_field(error);
  vouch_error_free(error);
  return field;
}

inline std::string Taken(vouch_buffer* buffer) {
  std::string bytes(reinterpret_cast<const char*>(buffer->data), buffer->size);
  vouch_buffer_free(buffer);
  EXPECT_EQ(nullptr, buffer->data);
  return bytes;
}

template <typename Message>
Message Read(vouch_buffer* buffer) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(Taken(buffer)));
  return message;
}

inline vouch_slice SliceOf(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

inline std::string BytesOf(const vouch_id& id) {
  return std::string(reinterpret_cast<const char*>(id.bytes), sizeof id.bytes);
}

// A record as it crosses; owns its bytes.
class Crossing {
 public:
  explicit Crossing(const google::protobuf::Message& message)
      : kind_(message.GetDescriptor()->name()),
        bytes_(message.SerializeAsString()),
        message_{SliceOf(kind_), SliceOf(bytes_)} {}
  operator const vouch_message*() const { return &message_; }

 private:
  std::string kind_;
  std::string bytes_;
  vouch_message message_;
};

inline v1::Observation Seen(const std::string& text) {
  v1::Observation seen;
  seen.set_venue("Front office");
  seen.add_narrative()->set_text(text);
  return seen;
}

class CFixture : public testing::Test {
 protected:
  ~CFixture() override {
    for (vouch_client* client : opened_) vouch_close(client);
  }

  vouch_client* Open(const std::string& name, bool shared = false) {
    const std::string folder = dir_.Path(name);
    vouch_open_options options = {};
    options.struct_size = sizeof options;
    options.folder = SliceOf(folder);
    options.shared = shared ? 1 : 0;
    vouch_client* client = nullptr;
    EXPECT_EQ("OK", Outcome(vouch_open(&options, &client)));
    opened_.push_back(client);
    return client;
  }

  vouch_client* Enrolled(const std::string& name, bool shared = false) {
    vouch_client* client = Open(name, shared);
    const std::string code = world_.Code(v1::ROLE_ASSESSOR, name);
    vouch_buffer out = {};
    EXPECT_EQ("OK", Outcome(vouch_enrol(client, SliceOf(world_.address()),
                                        SliceOf(code), 0, &out)));
    EXPECT_EQ(name, Read<v1::Enrolment>(&out).person_name());
    return client;
  }

  vouch_id Register(vouch_client* client) {
    v1::Registration registration;
    registration.set_candidate_name("Sam Carter");
    registration.set_specification("03455");
    registration.set_specification_version(1);
    registration.add_units("F1");
    vouch_id id = {};
    EXPECT_EQ("OK", Outcome(vouch_create(client, Crossing(registration),
                                         nullptr, &id)));
    return id;
  }

  vouch_id Observe(vouch_client* client, const vouch_id& registration) {
    vouch_id id = {};
    EXPECT_EQ("OK", Outcome(vouch_create(client, Crossing(Seen("He wired it.")),
                                         &registration, &id)));
    return id;
  }

  // Notes that no compression makes smaller: several batches of them.
  void CaptureMuch(vouch_client* client, const vouch_id& registration) {
    uint64_t state = 1;
    for (int i = 0; i < 120; ++i) {
      std::string text;
      for (int letter = 0; letter < 120'000; ++letter) {
        state = state * 6364136223846793005 + 1442695040888963407;
        text.push_back(static_cast<char>('!' + (state >> 33) % 90));
      }
      vouch_id id = {};
      ASSERT_EQ("OK", Outcome(vouch_create(client, Crossing(Seen(text)),
                                           &registration, &id)));
    }
  }

  v1::StoredRecord Get(vouch_client* client, const vouch_id& id) {
    vouch_buffer out = {};
    EXPECT_EQ("OK", Outcome(vouch_get(client, &id, &out)));
    return Read<v1::StoredRecord>(&out);
  }

  void Edit(vouch_client* client, const vouch_id& id, const std::string& text) {
    const v1::StoredRecord stored = Get(client, id);
    v1::Observation edited;
    EXPECT_TRUE(edited.ParseFromString(stored.message()));
    edited.mutable_narrative(0)->set_text(text);
    vouch_buffer base = {};
    EXPECT_EQ("OK", Outcome(vouch_edit(client, &id, SliceOf(stored.base()),
                                       Crossing(edited), &base)));
    EXPECT_NE(stored.base(), Taken(&base));
  }

  vouch_sync_report Sync(vouch_client* client) {
    vouch_sync_report report = {};
    report.struct_size = sizeof report;
    EXPECT_EQ("OK", Outcome(vouch_sync(client, nullptr, &report)));
    return report;
  }

  vouch_ledger_numbers Ledger(vouch_client* client) {
    vouch_ledger_numbers numbers = {};
    numbers.struct_size = sizeof numbers;
    EXPECT_EQ("OK", Outcome(vouch_ledger(client, &numbers)));
    return numbers;
  }

  ServerWorld world_;
  TempDir dir_;
  std::vector<vouch_client*> opened_;
};

}  // namespace vouch

#endif  // VOUCH_TESTS_KIT_C_FIXTURE_H_
