// Evidence records as a centre for customer service would write them, made up
// from a seed: the same seed gives the same records, byte for byte, on every
// machine. What the benchmark works on, and `vouch-generate` prints.
//
//   RecordGenerator generator(42);
//   GeneratedRecord record = generator.Next();       // of the usual mix
//   std::string line = JsonLineOf(record);
//
// The usual mix has one registration to twenty records, and of the rest three
// observations to one witness statement and one plan in eight; some 1.8 kB a
// record as protobuf. Each passes Client::ValidateMessage. A value; one thread
// at a time.
#ifndef VOUCH_TESTS_BENCH_GENERATE_H_
#define VOUCH_TESTS_BENCH_GENERATE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "google/protobuf/message.h"
#include "vouch/v1/records.pb.h"

namespace vouch::bench {

// SplitMix64: small, and the same everywhere, which the standard library's
// distributions are not.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // Less than `end`, which is not 0. The bias of so small an end is no matter.
  uint64_t Below(uint64_t end) { return Next() % end; }
  std::string Bytes(size_t size);

 private:
  uint64_t state_;
};

enum class GeneratedKind {
  kRegistration,
  kObservation,
  kWitnessStatement,
  kAssessmentPlan,
};

struct GeneratedRecord {
  GeneratedKind kind;
  std::unique_ptr<google::protobuf::Message> message;
};

class RecordGenerator {
 public:
  explicit RecordGenerator(uint64_t seed) : dice_(seed) {}

  GeneratedRecord Next();
  // As Next, without registrations: what belongs into one.
  GeneratedRecord NextEvidence();
  GeneratedRecord Make(GeneratedKind kind);

  // Sixteen bytes. Who observes from now on; else it is anyone.
  void set_observer(const std::string& person) { observer_ = person; }

 private:
  v1::Registration Registration();
  v1::Observation Observation();
  v1::WitnessStatement Statement();
  v1::AssessmentPlan Plan();
  v1::TimeSpan When();
  std::string Text(int sentences);
  template <typename Paragraphs>
  void Write(int paragraphs, Paragraphs* out);

  Dice dice_;
  std::string observer_;
};

// {"kind":"Observation","record":{…}} without a line break; the record in
// protobuf's JSON.
std::string JsonLineOf(const GeneratedRecord& record);

}  // namespace vouch::bench

#endif  // VOUCH_TESTS_BENCH_GENERATE_H_
