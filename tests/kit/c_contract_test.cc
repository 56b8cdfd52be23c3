// What vouch.h promises of every function, without a network.
#include <gtest/gtest.h>

#include <cstddef>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "client-lib/c/support.h"
#include "tests/support/temp_dir.h"
#include "vouch/v1/client.pb.h"
#include "vouch/v1/rules.pb.h"
#include "vouch/vouch.h"

namespace vouch {
namespace {

std::string Outcome(vouch_error* error) {
  if (error == nullptr) return "OK";
  std::string name = vouch_error_name(error);
  vouch_error_free(error);
  return name;
}

std::string FieldOf(vouch_error* error) {
  EXPECT_EQ(VOUCH_REASON_MALFORMED, vouch_error_reason(error));
  std::string field = vouch_error_field(error);
  vouch_error_free(error);
  return field;
}

std::string Taken(vouch_buffer* buffer) {
  std::string bytes(reinterpret_cast<const char*>(buffer->data), buffer->size);
  // Text may be printed.
  EXPECT_EQ(0, buffer->data[buffer->size]);
  vouch_buffer_free(buffer);
  return bytes;
}

vouch_slice SliceOf(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

class CContractTest : public testing::Test {
 protected:
  CContractTest() : folder_(dir_.Path("store")) {
    options_.struct_size = sizeof options_;
    options_.folder = SliceOf(folder_);
  }
  ~CContractTest() override { Close(); }

  vouch_error* Open() { return vouch_open(&options_, &client_); }
  void Close() {
    vouch_close(client_);
    client_ = nullptr;
  }

  TempDir dir_;
  const std::string folder_;
  vouch_open_options options_ = {};
  vouch_client* client_ = nullptr;
};

TEST_F(CContractTest, NoExceptionLeaves) {
  vouch_error* error = c::Guarded(
      []() -> absl::Status { throw std::runtime_error("from a library"); });
  EXPECT_EQ(VOUCH_REASON_UNSPECIFIED, vouch_error_reason(error));
  EXPECT_NE(nullptr, strstr(vouch_error_message(error), "from a library"));
  vouch_error_free(error);
  error = c::Guarded([]() -> absl::Status { throw 7; });
  EXPECT_STRNE("", vouch_error_message(error));
  vouch_error_free(error);
}

TEST_F(CContractTest, WithoutMemoryThereIsAnErrorAllTheSame) {
  for (int i = 0; i < 2; ++i) {
    vouch_error* error =
        c::Guarded([]() -> absl::Status { throw std::bad_alloc(); });
    ASSERT_NE(nullptr, error);
    EXPECT_STREQ("there is no memory left", vouch_error_message(error));
    vouch_error_free(error);
  }
}

TEST_F(CContractTest, NullWhereSomethingIsNeededIsMalformed) {
  ASSERT_EQ("OK", Outcome(Open()));
  vouch_buffer out = {};
  vouch_id id = {};
  EXPECT_EQ("options", FieldOf(vouch_open(nullptr, &client_)));
  EXPECT_EQ("out", FieldOf(vouch_open(&options_, nullptr)));
  EXPECT_EQ("client", FieldOf(vouch_people(nullptr, &out)));
  EXPECT_EQ("out", FieldOf(vouch_people(client_, nullptr)));
  EXPECT_EQ("record", FieldOf(vouch_get(client_, nullptr, &out)));
  EXPECT_EQ("record", FieldOf(vouch_create(client_, nullptr, nullptr, &id)));
  EXPECT_EQ("choice", FieldOf(vouch_settle(client_, {}, {}, nullptr)));
  EXPECT_EQ("units", FieldOf(vouch_evaluate_rules({}, 0, nullptr, 1, &out)));
  const vouch_slice bad = {nullptr, 3};
  EXPECT_EQ("text", FieldOf(vouch_id_parse(bad, &id)));
  EXPECT_EQ(nullptr, out.data);
  // To free nothing does nothing.
  vouch_buffer_free(nullptr);
  vouch_buffer_free(&out);
  vouch_error_free(nullptr);
  vouch_close(nullptr);
  vouch_cancel(nullptr);
  vouch_cancellation_free(nullptr);
  vouch_live_free(nullptr);
  vouch_live* live = nullptr;
  EXPECT_EQ("changed",
            FieldOf(vouch_watch(client_, nullptr, nullptr, nullptr, &live)));
  EXPECT_EQ(nullptr, live);
}

TEST_F(CContractTest, OptionsOfAnOlderAppTakeTheirDefaults) {
  // A header in which the key was the last option; what is behind is not ours.
  options_.struct_size = offsetof(vouch_open_options, reserve_bytes);
  options_.log = [](void*, int32_t, const char*) { FAIL(); };
  EXPECT_EQ("OK", Outcome(Open()));
}

TEST_F(CContractTest, ASetOptionOfANewerAppIsRefusedAndAnUnsetOneIsNot) {
  struct {
    vouch_open_options known;
    uint64_t newer;
  } options = {options_, 1};
  options.known.struct_size = sizeof options;
  EXPECT_EQ("struct_size", FieldOf(vouch_open(&options.known, &client_)));
  EXPECT_EQ(nullptr, client_);
  options.newer = 0;
  EXPECT_EQ("OK", Outcome(vouch_open(&options.known, &client_)));
}

TEST_F(CContractTest, AStoreThatIsMovedTellsHowFar) {
  {
    OpenOptions other;
    other.folder = folder_;
    other.engine = Engine::kRocksDb;
    ASSERT_TRUE(Client::Open(other).ok());
  }
  struct Told {
    uint64_t done = 0;
    uint64_t total = 0;
  } told;
  options_.migrating_context = &told;
  options_.migrating = [](void* context, uint64_t done, uint64_t total) {
    auto* into = static_cast<Told*>(context);
    EXPECT_GE(done, into->done);
    *into = {done, total};
  };
  ASSERT_EQ("OK", Outcome(Open()));
  EXPECT_GT(told.total, 0u);
  EXPECT_EQ(told.total, told.done);
  Close();
  told = {};
  ASSERT_EQ("OK", Outcome(Open()));
  EXPECT_EQ(0u, told.total);
}

TEST_F(CContractTest, AForgottenSizeIsRefused) {
  options_.struct_size = 0;
  EXPECT_EQ("struct_size", FieldOf(Open()));
  options_.struct_size = sizeof options_;
  ASSERT_EQ("OK", Outcome(Open()));
  vouch_ledger_numbers numbers = {};
  EXPECT_EQ("struct_size", FieldOf(vouch_ledger(client_, &numbers)));
}

TEST_F(CContractTest, AReportOfAnOlderAppIsNotWrittenBeyondItsEnd) {
  ASSERT_EQ("OK", Outcome(Open()));
  vouch_ledger_numbers numbers;
  memset(&numbers, 0xab, sizeof numbers);
  numbers.struct_size = offsetof(vouch_ledger_numbers, held);
  ASSERT_EQ("OK", Outcome(vouch_ledger(client_, &numbers)));
  EXPECT_EQ(0u, numbers.stored);
  EXPECT_EQ(0xababababababababu, numbers.held);
}

int GiveKey(void* context, uint8_t key[32]) {
  memset(key, *static_cast<int*>(context), 32);
  return *static_cast<int*>(context) == 0 ? 1 : 0;
}

TEST_F(CContractTest, TheKeyOfThePlatformOpensTheStoreAndNoOtherDoes) {
  int key = 1;
  options_.master_key = GiveKey;
  options_.master_key_context = &key;
  ASSERT_EQ("OK", Outcome(Open()));
  Close();
  key = 2;
  EXPECT_EQ("STORE_KEY_WRONG", Outcome(Open()));
  key = 0;
  vouch_error* error = Open();
  EXPECT_EQ(VOUCH_REASON_STORE_KEY_WRONG, vouch_error_reason(error));
  EXPECT_STREQ("master_key", vouch_error_field(error));
  vouch_error_free(error);
  key = 1;
  EXPECT_EQ("OK", Outcome(Open()));
}

TEST_F(CContractTest, TheLogTellsWhatWasDoneAndNothingAboutPeople) {
  std::vector<std::string> lines;
  options_.log_context = &lines;
  options_.log = [](void* context, int32_t level, const char* line) {
    static_cast<std::vector<std::string>*>(context)->push_back(
        std::to_string(level) + " " + line);
  };
  ASSERT_EQ("OK", Outcome(Open()));
  vouch_buffer out = {};
  EXPECT_EQ("MALFORMED", Outcome(vouch_enrol(client_, vouch_text("x:1"),
                                             vouch_text("S@cret"), 0, &out)));
  EXPECT_EQ("NOT_ENROLLED", Outcome(vouch_sync(client_, nullptr, nullptr)));
  ASSERT_EQ(4u, lines.size());
  EXPECT_EQ("1 store opened", lines[0]);
  EXPECT_EQ("2 enrolment: MALFORMED", lines[1]);
  EXPECT_EQ("1 sync began", lines[2]);
  EXPECT_EQ(0u, lines[3].find("2 sync ended: NOT_ENROLLED pushed=0 "));
}

TEST_F(CContractTest, WhatIsNotEnrolledSaysSo) {
  ASSERT_EQ("OK", Outcome(Open()));
  vouch_buffer out = {};
  vouch_error* error = vouch_who_am_i(client_, &out);
  EXPECT_EQ(VOUCH_REASON_NOT_ENROLLED, vouch_error_reason(error));
  EXPECT_STREQ("NOT_ENROLLED", vouch_error_name(error));
  EXPECT_NE(nullptr, strstr(vouch_error_advice(error), "enrol"));
  // Waiting alone changes nothing.
  uint64_t wait_ms = 77;
  EXPECT_EQ(0, vouch_retry_after(error, 1, &wait_ms));
  EXPECT_EQ(0, vouch_retry_after(nullptr, 1, &wait_ms));
  EXPECT_EQ(77u, wait_ms);
  EXPECT_EQ(0,
            vouch_retry_after_reason(vouch_error_reason(error), 1, &wait_ms));
  EXPECT_EQ(0, vouch_retry_after_reason(4711, 1, &wait_ms));
  EXPECT_EQ(77u, wait_ms);
  EXPECT_EQ(1, vouch_retry_after_reason(VOUCH_REASON_UNREACHABLE, 1, &wait_ms));
  EXPECT_GE(wait_ms, 500u);
  vouch_error_free(error);
  vouch_client* second = nullptr;
  EXPECT_EQ("STORE_LOCKED", Outcome(vouch_open(&options_, &second)));
}

TEST_F(CContractTest, JsonBecomesAMessageAndBack) {
  vouch_buffer bytes = {}, json = {};
  ASSERT_EQ("OK", Outcome(vouch_message_from_json(
                      vouch_text("Observation"),
                      vouch_text("{\"venue\": \"Front office\"}"), &bytes)));
  v1::Observation seen;
  const std::string taken = Taken(&bytes);
  ASSERT_TRUE(seen.ParseFromString(taken));
  EXPECT_EQ("Front office", seen.venue());
  ASSERT_EQ("OK", Outcome(vouch_message_to_json(vouch_text("Observation"),
                                                SliceOf(taken), &json)));
  EXPECT_EQ("{\"venue\":\"Front office\"}", Taken(&json));
  EXPECT_EQ("json", FieldOf(vouch_message_from_json(
                        vouch_text("Observation"),
                        vouch_text("{\"venu\": \"x\"}"), &bytes)));
  EXPECT_EQ("type", FieldOf(vouch_message_from_json(vouch_text("Sighting"),
                                                    vouch_text("{}"), &bytes)));
}

TEST_F(CContractTest, BytesThatAreNoRecordAreRefused) {
  ASSERT_EQ("OK", Outcome(Open()));
  vouch_id id = {};
  vouch_message record = {vouch_text("Observation"), vouch_text("\xff\xff")};
  EXPECT_EQ("record", FieldOf(vouch_create(client_, &record, nullptr, &id)));
  record.kind = vouch_text("Sighting");
  EXPECT_EQ("KIND_UNKNOWN",
            Outcome(vouch_create(client_, &record, nullptr, &id)));
}

TEST_F(CContractTest, IdsAreWrittenAndReadAsPeopleDo) {
  vouch_id id = {};
  const char* text = "0192f3a4-5b6c-7d8e-8f90-a1b2c3d4e5f6";
  ASSERT_EQ("OK", Outcome(vouch_id_parse(vouch_text(text), &id)));
  char written[37];
  vouch_id_format(&id, written);
  EXPECT_STREQ(text, written);
  EXPECT_EQ("text", FieldOf(vouch_id_parse(vouch_text("0192"), &id)));
}

TEST_F(CContractTest, RulesNeedNoStore) {
  const std::vector<vouch_slice> units = {vouch_text("F1"), vouch_text("A10")};
  vouch_buffer out = {};
  ASSERT_EQ("OK",
            Outcome(vouch_evaluate_rules(vouch_text("03455"), 0, units.data(),
                                         units.size(), &out)));
  v1::RulesEvaluation evaluation;
  ASSERT_TRUE(evaluation.ParseFromString(Taken(&out)));
  EXPECT_EQ("not_met", evaluation.verdict());
  EXPECT_EQ(
      "SPECIFICATION_UNKNOWN",
      Outcome(vouch_evaluate_rules(vouch_text("none"), 0, nullptr, 0, &out)));
}

}  // namespace
}  // namespace vouch
