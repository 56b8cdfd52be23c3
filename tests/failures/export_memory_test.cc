// C8: an export of much. Not built with the sanitizers, which keep what was
// freed.
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/client_fixture.h"

namespace vouch {
namespace {

namespace fs = std::filesystem;

class Failures : public ClientFixture {};

// Peak resident memory of this process, bytes.
size_t PeakBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    size_t kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib << 10;
  }
  return 0;
}

TEST_F(Failures, Case54_AnExportTakesTheSameMemoryHoweverMuchThereIs) {
  Start();
  const Id registration = NewRegistration();
  constexpr int kRecords = 64;
  constexpr size_t kTextBytes = 1 << 20;
  for (int i = 0; i < kRecords; ++i) {
    v1::Observation seen = FullObservation();
    seen.mutable_narrative(0)->set_text(std::string(kTextBytes, 'x'));
    EXPECT_OK(client->Create(seen, registration));
  }
  std::ofstream("/proc/self/clear_refs") << 5;  // the peak is as of now
  const size_t before = PeakBytes();
  ASSERT_GT(before, 0u);
  auto report = client->Export(dir.Path("out.jsonl"));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(uint64_t{kRecords} + 1, report->records);
  EXPECT_GT(fs::file_size(dir.Path("out.jsonl")), kRecords * kTextBytes);
  EXPECT_LT(PeakBytes() - before, 16 * kTextBytes);
}

}  // namespace
}  // namespace vouch
