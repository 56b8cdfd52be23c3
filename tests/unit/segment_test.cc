// Segments: what arrives is exactly what was signed, or it is refused.
#include "sync/core/segment.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"
#include "tests/support/author.h"

namespace vouch::test {
namespace {

std::optional<Hash> ResolveNothing(const SegmentHeader&, uint64_t) {
  return std::nullopt;
}

PersonSignature SignBy(const SigningKey& key, uint8_t role,
                       const Change& change) {
  return {role, key.public_key(), key.Sign(kPersonTag, change.hash.view())};
}

SeenHead SomeHead() {
  return {IdOf<HistoryId>("history"), 1000, IdOf<Hash>("root")};
}

class SegmentTest : public ::testing::Test {
 protected:
  SegmentTest() { ann.Create(); }

  Segment SealAll() {
    return SealSegment(history.changes, SomeHead(), ann.device_key());
  }
  static std::string Encode(const Segment& segment) {
    return EncodeSegment(segment, nullptr);
  }
  static Reason WhyNot(absl::string_view wire) {
    return ReasonOf(DecodeSegment(wire, ResolveNothing).status());
  }
  // Edits, a signed statement with its witness, and an erased payload.
  Segment Rich() {
    ann.Set(1, "first");
    ann.clock_error_ms = -1234567;
    ann.Set(1, "second");
    ann.Add(5, Element("F1"), "F1");
    history.changes[1].signatures.push_back(
        SignBy(ann.person_key(), PersonSignature::kAuthor, history.changes[1]));
    history.changes[1].signatures.push_back(SignBy(
        KeyOf("witness"), PersonSignature::kWitness, history.changes[1]));
    Segment segment = SealAll();
    segment.changes[2].erased = true;
    segment.changes[2].payload.clear();
    segment.changes[2].salt = Salt();
    return segment;
  }

  History history;
  Pen ann{&history, "ann"};
};

// Everything a receiver keeps of a segment.
std::string Kept(const Segment& segment) {
  ByteWriter out;
  out.Prefixed(EncodeSegmentHeader(segment.header));
  for (const Change& c : segment.changes) {
    out.Prefixed(c.core_bytes).Fixed(c.hash).Fixed(c.salt).Prefixed(c.payload);
    out.U8(c.erased ? 1 : 0).Varint(c.signatures.size());
    for (const PersonSignature& s : c.signatures) {
      out.U8(s.role).Fixed(s.key).Fixed(s.signature);
    }
  }
  return out.Take();
}

TEST_F(SegmentTest, ArrivesAsItWasSigned) {
  Segment segment = Rich();
  absl::StatusOr<Segment> back = DecodeSegment(Encode(segment), ResolveNothing);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(Kept(*back), Kept(segment));
  EXPECT_EQ(SegmentSignedBytes(back->header),
            SegmentSignedBytes(segment.header));
  EXPECT_EQ(back->header.end_seq(), 5u);
}

TEST_F(SegmentTest, ErasureBreaksNoSignature) {
  Segment segment = Rich();
  absl::StatusOr<Segment> back = DecodeSegment(Encode(segment), ResolveNothing);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_TRUE(back->changes[2].erased);
  EXPECT_EQ(back->changes[2].hash, history.changes[2].hash);
  EXPECT_EQ(back->changes[2].payload, "");
}

TEST_F(SegmentTest, TruncationAtEveryByteIsRefused) {
  std::string wire = Encode(Rich());
  for (size_t size = 0; size < wire.size(); ++size) {
    EXPECT_EQ(WhyNot(absl::string_view(wire).substr(0, size)),
              Reason::kNotCanonical)
        << size;
  }
  EXPECT_EQ(WhyNot(wire + '\0'), Reason::kNotCanonical);
}

TEST_F(SegmentTest, EveryFlippedBitIsRefusedOrChangesNothing) {
  Segment segment = Rich();
  const std::string kept = Kept(segment), wire = Encode(segment);
  size_t refused = 0;
  for (size_t bit = 0; bit < 8 * wire.size(); ++bit) {
    std::string other = wire;
    other[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    absl::StatusOr<Segment> back = DecodeSegment(other, ResolveNothing);
    refused += !back.ok();
    if (back.ok()) {
      ASSERT_EQ(Kept(*back), kept) << "bit " << bit;
    }
  }
  EXPECT_EQ(refused, 8 * wire.size());
}

TEST_F(SegmentTest, APersonsSignatureCannotBeTakenAwayOrChangeItsRole) {
  Segment segment = Rich();
  Segment without = segment;
  without.changes[1].signatures.pop_back();
  EXPECT_EQ(WhyNot(Encode(without)), Reason::kSignatureInvalid);
  Segment promoted = segment;
  promoted.changes[1].signatures[1].role = PersonSignature::kAuthor;
  EXPECT_EQ(WhyNot(Encode(promoted)), Reason::kSignatureInvalid);
  Segment doubled = segment;
  doubled.changes[1].signatures.push_back(doubled.changes[1].signatures[1]);
  EXPECT_EQ(WhyNot(Encode(doubled)), Reason::kSignatureInvalid);
}

TEST_F(SegmentTest, APersonsSignatureOverAnotherChangeIsRefused) {
  ann.Set(1, "a");
  history.changes[1].signatures = {
      SignBy(ann.person_key(), PersonSignature::kAuthor, history.changes[0])};
  EXPECT_EQ(WhyNot(Encode(SealAll())), Reason::kSignatureInvalid);
}

TEST_F(SegmentTest, AnUnknownSignatureRoleIsCarried) {
  history.changes[0].signatures = {
      SignBy(ann.person_key(), 9, history.changes[0])};
  absl::StatusOr<Segment> back =
      DecodeSegment(Encode(SealAll()), ResolveNothing);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->changes[0].signatures.at(0).role, 9);
}

TEST_F(SegmentTest, MoreThanEightSignaturesOnAChangeAreTooLarge) {
  Segment segment = SealAll();
  segment.changes[0].signatures.assign(
      kPersonSignaturesMax + 1,
      SignBy(ann.person_key(), 0, history.changes[0]));
  EXPECT_EQ(WhyNot(Encode(segment)), Reason::kTooLarge);
}

TEST_F(SegmentTest, AnotherDevicesKeyIsRefused) {
  Segment segment = SealAll();
  segment.header.device_key = KeyOf("another").public_key();
  EXPECT_EQ(WhyNot(Encode(segment)), Reason::kSignatureInvalid);
}

TEST_F(SegmentTest, ChangesInAnotherOrderAreRefused) {
  ann.Set(1, "a");
  ann.Set(2, "b");
  Segment segment = SealAll();
  std::swap(segment.changes[1], segment.changes[2]);
  EXPECT_NE(WhyNot(Encode(segment)), Reason::kUnspecified);
}

TEST_F(SegmentTest, UnknownVersionIsNamedAsSuch) {
  std::string wire = Encode(SealAll());
  wire[0] = 2;
  EXPECT_EQ(WhyNot(wire), Reason::kVersionUnknown);
}

TEST_F(SegmentTest, SeqsNeverWrap) {
  ann.Set(1, "a");
  Segment segment = SealAll();
  segment.header.first_seq = UINT64_MAX;
  segment.header.previous = IdOf<Hash>("previous");
  EXPECT_EQ(WhyNot(Encode(segment)), Reason::kNotCanonical);
  EXPECT_FALSE(DecodeSegmentHeader(EncodeSegmentHeader(segment.header)).ok());
}

TEST_F(SegmentTest, PreviousIsZeroExactlyAtTheStartOfAChain) {
  Segment segment = SealAll();
  segment.header.previous = IdOf<Hash>("previous");
  EXPECT_EQ(WhyNot(Encode(segment)), Reason::kNotCanonical);
  segment.header.previous = Hash();
  segment.header.first_seq = 2;
  EXPECT_EQ(WhyNot(Encode(segment)), Reason::kNotCanonical);
}

TEST_F(SegmentTest, HoldsUpTo256Changes) {
  while (history.changes.size() < kSegmentChangesMax) {
    ann.Write({Pen::Draft(MergeClass::kCountersign)});
  }
  Segment segment = SealAll();
  EXPECT_TRUE(DecodeSegment(Encode(segment), ResolveNothing).ok());
  segment.header.count = kSegmentChangesMax + 1;
  EXPECT_EQ(WhyNot(Encode(segment)), Reason::kTooLarge);
  segment.header.count = 0;
  EXPECT_EQ(WhyNot(Encode(segment)), Reason::kNotCanonical);
}

TEST_F(SegmentTest, AMebibyteValueIsASegmentAlone) {
  std::string noise(1 << 20, '\0');
  SeededBytes("noise").Fill(reinterpret_cast<uint8_t*>(&noise[0]),
                            noise.size());
  ann.Set(1, noise);
  absl::StatusOr<Segment> back =
      DecodeSegment(Encode(SealAll()), ResolveNothing);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(DecodePayload(back->changes[1].payload)->at(0), noise);
}

TEST_F(SegmentTest, AChangeOverTwoMebibytesIsTooLarge) {
  std::string noise(kChangeBytesMax, '\0');
  SeededBytes("noise").Fill(reinterpret_cast<uint8_t*>(&noise[0]),
                            noise.size());
  ann.Set(1, noise);
  EXPECT_EQ(WhyNot(Encode(SealAll())), Reason::kTooLarge);
  EXPECT_EQ(WhyNot(std::string(kSegmentWireBytesMax + 1, '\1')),
            Reason::kTooLarge);
}

TEST_F(SegmentTest, APayloadOfAnUnknownEncodingIsCarriedAsItCame) {
  Change change = history.changes[0];
  change.payload = std::string("\x07") + "from a newer app";
  change.core.commitment = CommitPayload(change.salt, change.payload);
  change.core_bytes = EncodeCore(change.core);
  change.hash = ChangeHash(change.core_bytes);
  Segment segment = SealSegment({change}, SeenHead(), ann.device_key());
  absl::StatusOr<Segment> back = DecodeSegment(Encode(segment), ResolveNothing);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->changes[0].payload, change.payload);
}

TEST_F(SegmentTest, ReferencesBeforeTheSegmentAreShortenedAndResolved) {
  ann.Set(1, "a");
  ann.Set(1, "b");
  const std::vector<Change>& all = history.changes;
  Segment segment = SealSegment({all[2]}, SeenHead(), ann.device_key());
  auto shorten = [&](const Hash& hash) -> std::optional<uint64_t> {
    for (const Change& c : all) {
      if (c.hash == hash) return c.core.seq;
    }
    return std::nullopt;
  };
  auto resolve = [&](const SegmentHeader& header,
                     uint64_t seq) -> std::optional<Hash> {
    if (header.device() != all[0].core.device) return std::nullopt;
    if (header.incarnation != all[0].core.incarnation) return std::nullopt;
    if (header.previous != all[1].hash) return std::nullopt;
    return all.at(seq - 1).hash;
  };
  std::string shorter = EncodeSegment(segment, shorten);
  std::string longer = Encode(segment);
  EXPECT_EQ(longer.size() - shorter.size(), 2 * Hash::kSize);
  absl::StatusOr<Segment> back = DecodeSegment(shorter, resolve);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(Kept(*back), Kept(segment));

  EXPECT_EQ(WhyNot(shorter), Reason::kReferenceUnknown);
  auto lie = [](const SegmentHeader&, uint64_t seq) {
    return std::optional<Hash>(IdOf<Hash>(absl::StrCat("another ", seq)));
  };
  EXPECT_EQ(ReasonOf(DecodeSegment(shorter, lie).status()),
            Reason::kSignatureInvalid);
}

TEST_F(SegmentTest, StoredHeaderRoundTripsAndKeepsItsSignature) {
  Segment segment = Rich();
  std::string bytes = EncodeSegmentHeader(segment.header);
  absl::StatusOr<SegmentHeader> back = DecodeSegmentHeader(bytes);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(EncodeSegmentHeader(*back), bytes);
  EXPECT_TRUE(VerifySignature(back->device_key, kSegmentTag,
                              SegmentSignedBytes(*back), back->signature));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(
        ReasonOf(DecodeSegmentHeader(absl::string_view(bytes).substr(0, size))
                     .status()),
        Reason::kNotCanonical);
  }
  bytes[0] = 9;
  EXPECT_EQ(ReasonOf(DecodeSegmentHeader(bytes).status()),
            Reason::kVersionUnknown);
}

TEST_F(SegmentTest, ExtremeClocksTravel) {
  ann.clock_error_ms = -kStartMs - 1000000;
  ann.Write({Pen::Draft(MergeClass::kCountersign)});
  Change change = history.changes[1];
  change.core.claimed_ms = INT64_MIN;
  change.core.monotonic_ms = UINT64_MAX;
  change.core.utc_offset_min = -1440;
  change.core.hlc = UINT64_MAX;
  change.core_bytes = EncodeCore(change.core);
  change.hash = ChangeHash(change.core_bytes);
  Segment segment =
      SealSegment({history.changes[0], change}, SeenHead(), ann.device_key());
  absl::StatusOr<Segment> back = DecodeSegment(Encode(segment), ResolveNothing);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->changes[1].core_bytes, change.core_bytes);
}

// The target of the protocol: what a one-field edit costs beyond its value,
// each change's share of the segment's header included.
TEST_F(SegmentTest, AOneFieldEditCostsAtMost56BytesBeyondItsPayload) {
  constexpr size_t kEdits = 64;
  for (size_t i = 0; i < kEdits; ++i) {
    ann.Set(1 + i % 7, absl::StrCat("value ", i));
  }
  std::vector<Change> edits(history.changes.begin() + 1, history.changes.end());
  auto shorten = [&](const Hash& hash) -> std::optional<uint64_t> {
    if (hash == history.changes[0].hash) return 1;
    return std::nullopt;
  };
  auto size_of = [&](size_t count) {
    std::vector<Change> some(edits.begin(), edits.begin() + count);
    return EncodeSegment(SealSegment(some, SomeHead(), ann.device_key()),
                         shorten)
        .size();
  };
  const size_t header = size_of(2) - 2 * (size_of(2) - size_of(1));
  std::vector<size_t> costs;
  for (size_t i = 1; i < kEdits; ++i) {
    costs.push_back(size_of(i + 1) - size_of(i) - edits[i].payload.size());
  }
  std::sort(costs.begin(), costs.end());
  const size_t median = costs[costs.size() / 2] + header / kEdits + 1;
  RecordProperty("median_overhead_bytes", static_cast<int>(median));
  EXPECT_LE(median, 56u);
  EXPECT_GT(median, 20u) << "a salt alone takes 16";
}

}  // namespace
}  // namespace vouch::test
