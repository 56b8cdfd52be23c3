// Change cores and payloads: one canonical form, limits, and what a newer app
// wrote is carried as it came.
#include "sync/core/change.h"

#include <zstd.h>

#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"
#include "tests/support/author.h"

namespace vouch::test {
namespace {

Operation Op(MergeClass c) {
  Operation op;
  op.merge_class = c;
  return op;
}

ChangeCore SmallCore() {
  ChangeCore core;
  core.device = IdOf<DeviceId>("device");
  core.incarnation = IdOf<Incarnation>("incarnation");
  core.seq = 1;
  core.scope = IdOf<ScopeId>("scope");
  core.person = IdOf<PersonId>("person");
  core.kind = 5;
  core.record = IdOf<RecordId>("record");
  core.hlc = 42;
  core.claimed_ms = kStartMs;
  core.boot = IdOf<BootId>("boot");
  core.operations = {Op(MergeClass::kCreate)};
  core.commitment = IdOf<Hash>("commitment");
  return core;
}

// Every part of the grammar, an unknown class among it.
ChangeCore RichCore() {
  ChangeCore core = SmallCore();
  core.seq = 300;
  core.previous = IdOf<Hash>("previous");
  core.kind = UINT32_MAX;
  core.hlc = UINT64_MAX;
  core.claimed_ms = INT64_MIN;
  core.utc_offset_min = -1440;
  core.monotonic_ms = UINT64_MAX;
  Hash a = IdOf<Hash>("a"), b = IdOf<Hash>("b"), c = IdOf<Hash>("c");
  core.frontier = {a, b};
  core.relies_on = {c, a};
  core.operations.clear();
  for (uint32_t i = 1; i <= 17; ++i) {
    Operation op = Op(static_cast<MergeClass>(i));
    op.path = {i, 0x1fffffff};
    if (i % 2 == 0) op.element = Element("element");
    if (i % 3 == 0) op.after = Element("after");
    if (i % 4 == 0) op.part = i;
    if (i % 5 == 0) op.replaces = {{b, i}, {IdOf<Hash>("d"), 4095}};
    core.operations.push_back(op);
  }
  core.operations.push_back(Op(static_cast<MergeClass>(UINT32_MAX)));
  return core;
}

Reason WhyNot(absl::string_view bytes) {
  return ReasonOf(DecodeCore(bytes).status());
}

TEST(ChangeCore, RoundTripsEveryPartOfTheGrammar) {
  for (const ChangeCore& core : {SmallCore(), RichCore()}) {
    std::string bytes = EncodeCore(core);
    absl::StatusOr<ChangeCore> back = DecodeCore(bytes);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(EncodeCore(*back), bytes);
    EXPECT_EQ(back->claimed_ms, core.claimed_ms);
    EXPECT_EQ(back->hlc, core.hlc);
    EXPECT_EQ(back->monotonic_ms, core.monotonic_ms);
    EXPECT_EQ(back->frontier, core.frontier);
    EXPECT_EQ(back->relies_on, core.relies_on);
    ASSERT_EQ(back->operations.size(), core.operations.size());
    for (size_t i = 0; i < core.operations.size(); ++i) {
      EXPECT_EQ(back->operations[i].merge_class,
                core.operations[i].merge_class);
      EXPECT_EQ(back->operations[i].path, core.operations[i].path);
      EXPECT_EQ(back->operations[i].part, core.operations[i].part);
      EXPECT_EQ(back->operations[i].replaces, core.operations[i].replaces);
    }
  }
}

TEST(ChangeCore, TruncationAtEveryByteIsRefused) {
  std::string bytes = EncodeCore(RichCore());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(WhyNot(absl::string_view(bytes).substr(0, size)),
              Reason::kNotCanonical)
        << size;
  }
  EXPECT_EQ(WhyNot(bytes + '\0'), Reason::kNotCanonical) << "a trailing byte";
}

// What decodes is canonical: no two byte strings are the same change.
TEST(ChangeCore, WhateverDecodesEncodesToTheSameBytes) {
  const std::string bytes = EncodeCore(RichCore());
  std::mt19937_64 random(1);
  size_t decoded = 0;
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string other = bytes;
    other[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    absl::StatusOr<ChangeCore> core = DecodeCore(other);
    if (!core.ok()) continue;
    ++decoded;
    ASSERT_EQ(EncodeCore(*core), other) << "bit " << bit;
    ASSERT_NE(ChangeHash(other), ChangeHash(bytes));
  }
  for (int round = 0; round < 20000; ++round) {
    std::string other = bytes;
    for (int edits = 1 + random() % 3; edits > 0; --edits) {
      size_t at = random() % other.size();
      switch (random() % 3) {
        case 0:
          other[at] = static_cast<char>(random());
          break;
        case 1:
          other.erase(at, 1);
          break;
        case 2:
          other.insert(at, 1, static_cast<char>(random()));
          break;
      }
    }
    absl::StatusOr<ChangeCore> core = DecodeCore(other);
    if (!core.ok()) continue;
    ++decoded;
    ASSERT_EQ(EncodeCore(*core), other);
  }
  EXPECT_GT(decoded, 1000u) << "the mutations hardly ever decode";
}

// `at` counts from the end of the fixed part before seq.
std::string WithSeqBytes(absl::string_view seq) {
  std::string bytes = EncodeCore(SmallCore());
  return bytes.substr(0, 25) + std::string(seq) + bytes.substr(26);
}

TEST(ChangeCore, ALongerVarintIsRefused) {
  ASSERT_TRUE(DecodeCore(WithSeqBytes("\x01")).ok());
  EXPECT_EQ(WhyNot(WithSeqBytes(absl::string_view("\x81\x00", 2))),
            Reason::kNotCanonical);
}

TEST(ChangeCore, SeqAndPreviousBelongTogether) {
  ChangeCore core = SmallCore();
  core.seq = 0;
  EXPECT_EQ(WhyNot(EncodeCore(core)), Reason::kNotCanonical);
  core.seq = 2;
  EXPECT_EQ(WhyNot(EncodeCore(core)), Reason::kNotCanonical);
  core.previous = IdOf<Hash>("previous");
  EXPECT_TRUE(DecodeCore(EncodeCore(core)).ok());
  core.seq = 1;
  EXPECT_EQ(WhyNot(EncodeCore(core)), Reason::kNotCanonical);
}

TEST(ChangeCore, FieldsOutOfRangeAreRefused) {
  auto refused = [](void (*alter)(ChangeCore*)) {
    ChangeCore core = SmallCore();
    alter(&core);
    return WhyNot(EncodeCore(core)) == Reason::kNotCanonical;
  };
  EXPECT_TRUE(refused([](ChangeCore* c) { c->utc_offset_min = 1441; }));
  EXPECT_TRUE(refused([](ChangeCore* c) { c->utc_offset_min = -1441; }));
  EXPECT_TRUE(refused([](ChangeCore* c) {
    c->operations[0].merge_class = static_cast<MergeClass>(0);
  }));
  EXPECT_TRUE(refused([](ChangeCore* c) { c->operations[0].path = {0}; }));
  EXPECT_TRUE(
      refused([](ChangeCore* c) { c->operations[0].path = {0x20000000}; }));
  EXPECT_TRUE(refused([](ChangeCore* c) {
    c->operations[0].path = std::vector<uint32_t>(kPathDepthMax + 1, 1);
  }));
  EXPECT_TRUE(refused(
      [](ChangeCore* c) { c->operations[0].part = kChangeOperationsMax; }));
  EXPECT_TRUE(refused([](ChangeCore* c) {
    c->operations[0].replaces = {{Hash(), kChangeOperationsMax}};
  }));
}

// A core with a hand-made reference table and frontier indexes.
std::string WithReferences(const std::vector<Hash>& table,
                           const std::vector<uint64_t>& frontier) {
  std::string bytes = EncodeCore(SmallCore());
  // Of SmallCore: table, frontier, relies_on; then one operation of 4 bytes
  // behind its count, and the commitment.
  const size_t tail = 1 + 4 + Hash::kSize;
  ByteWriter middle;
  middle.Varint(table.size());
  for (const Hash& hash : table) middle.Fixed(hash);
  middle.Varint(frontier.size());
  for (uint64_t index : frontier) middle.Varint(index);
  middle.Varint(0);
  return bytes.substr(0, bytes.size() - tail - 3) + middle.bytes() +
         bytes.substr(bytes.size() - tail);
}

TEST(ChangeCore, TheReferenceTableIsInOrderOfFirstUse) {
  Hash a = IdOf<Hash>("a"), b = IdOf<Hash>("b");
  ASSERT_EQ(WithReferences({}, {}), EncodeCore(SmallCore()));
  EXPECT_TRUE(DecodeCore(WithReferences({a, b}, {0, 1})).ok());
  EXPECT_TRUE(DecodeCore(WithReferences({a}, {0, 0})).ok());
  EXPECT_EQ(WhyNot(WithReferences({a, b}, {1, 0})), Reason::kNotCanonical);
  EXPECT_EQ(WhyNot(WithReferences({a, b}, {0})), Reason::kNotCanonical)
      << "an unused reference";
  EXPECT_EQ(WhyNot(WithReferences({a, a}, {0, 1})), Reason::kNotCanonical)
      << "a reference twice";
  EXPECT_EQ(WhyNot(WithReferences({a}, {0, 1})), Reason::kNotCanonical)
      << "an index beyond the table";
}

TEST(ChangeCore, ManyReferencesKeepTheOrderOfFirstUse) {
  ChangeCore core = SmallCore();
  std::vector<Hash> expected;
  for (int i = 0; i < 100; ++i) {
    expected.push_back(IdOf<Hash>(absl::StrCat(i)));
  }
  core.frontier = expected;
  core.relies_on.assign(expected.rbegin(), expected.rend());
  EXPECT_EQ(ReferencesOf(core), expected);
  EXPECT_TRUE(DecodeCore(EncodeCore(core)).ok());
}

TEST(ChangeCore, AnotherVersionIsNamedAsSuch) {
  std::string bytes = EncodeCore(SmallCore());
  bytes[0] = 2;
  EXPECT_EQ(WhyNot(bytes), Reason::kVersionUnknown);
}

TEST(ChangeCore, OverTwoMebibytesIsTooLarge) {
  EXPECT_EQ(WhyNot(std::string(kChangeBytesMax + 1, '\1')), Reason::kTooLarge);
}

TEST(ChangeHash, EveryByteOfTheCoreCounts) {
  std::string bytes = EncodeCore(RichCore());
  Hash hash = ChangeHash(bytes);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string other = bytes;
    other[i] ^= 1;
    EXPECT_NE(ChangeHash(other), hash) << i;
  }
}

TEST(Payload, RoundTripsRawAndCompressed) {
  const std::vector<std::vector<std::string>> cases = {
      {},
      {""},
      {"a"},
      {"a", "", "b"},
      {std::string(1 << 20, 'x')},
      {SeededBytes("noise").Make<Hash>().Bytes()}};
  for (const auto& values : cases) {
    absl::StatusOr<std::vector<std::string>> back =
        DecodePayload(EncodePayload(values));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, values);
  }
}

TEST(Payload, IsCompressedOnlyWhereThatIsSmaller) {
  EXPECT_EQ(EncodePayload({"a"})[0], 0);
  std::string text(1 << 20, 'x');
  std::string payload = EncodePayload({text});
  EXPECT_EQ(payload[0], 1);
  EXPECT_LT(payload.size(), text.size() / 100);
}

TEST(Payload, AMebibyteOfNoiseTravels) {
  std::string noise(1 << 20, '\0');
  SeededBytes("noise").Fill(reinterpret_cast<uint8_t*>(&noise[0]),
                            noise.size());
  std::string payload = EncodePayload({noise});
  EXPECT_LE(payload.size(), noise.size() + 16);
  EXPECT_EQ(DecodePayload(payload)->at(0), noise);
}

Reason PayloadError(absl::string_view payload) {
  return ReasonOf(DecodePayload(payload).status());
}

TEST(Payload, DamageIsRefused) {
  EXPECT_EQ(PayloadError(""), Reason::kMalformed);
  std::string raw = EncodePayload({"abc", "def"});
  for (size_t size = 1; size < raw.size(); ++size) {
    EXPECT_EQ(PayloadError(absl::string_view(raw).substr(0, size)),
              Reason::kMalformed);
  }
  EXPECT_EQ(PayloadError(raw + "x"), Reason::kMalformed);
  std::string packed = EncodePayload({std::string(1000, 'x')});
  for (size_t size = 1; size < packed.size(); ++size) {
    EXPECT_NE(PayloadError(absl::string_view(packed).substr(0, size)),
              Reason::kUnspecified);
  }
}

TEST(Payload, ABombIsRefusedByWhatItClaims) {
  std::string zeros(kChangeBytesMax + 1, '\0');
  std::string packed(ZSTD_compressBound(zeros.size()), '\0');
  packed.resize(
      ZSTD_compress(&packed[0], packed.size(), zeros.data(), zeros.size(), 3));
  ASSERT_LT(packed.size(), 1000u);
  EXPECT_EQ(PayloadError("\x01" + packed), Reason::kTooLarge);
}

TEST(Payload, AFrameThatUnderstatesItsSizeIsRefused) {
  // RFC 8878: a two-byte content size is the size less 256.
  std::string payload = EncodePayload({std::string(1000, 'x')});
  size_t at = 1 + 4 + 1;
  if ((payload[5] & 0x20) == 0) ++at;  // the window descriptor
  ASSERT_EQ(static_cast<uint8_t>(payload[5]) >> 6, 1);
  payload[at] = 0;
  payload[at + 1] = 0;
  EXPECT_EQ(PayloadError(payload), Reason::kMalformed);
}

TEST(Payload, AnUnknownEncodingIsNamedAsSuch) {
  for (uint8_t encoding : {2, 7, 255}) {
    std::string payload(1, static_cast<char>(encoding));
    EXPECT_EQ(PayloadError(payload + "anything"), Reason::kVersionUnknown);
  }
}

TEST(Payload, CommitmentBindsSaltAndEveryByte) {
  Salt salt = IdOf<Salt>("salt");
  std::string payload = EncodePayload({"abc"});
  Hash commitment = CommitPayload(salt, payload);
  EXPECT_NE(CommitPayload(IdOf<Salt>("other"), payload), commitment);
  for (size_t i = 0; i < payload.size(); ++i) {
    std::string other = payload;
    other[i] ^= 1;
    EXPECT_NE(CommitPayload(salt, other), commitment);
  }
}

}  // namespace
}  // namespace vouch::test
