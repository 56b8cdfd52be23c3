#include "sync/core/ranges.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "sync/base/codec.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

constexpr int kPrefixBits = 64;

uint64_t TopOf(const Hash& hash) { return ByteReader(hash.view()).U64(); }

uint64_t MaskOf(int bits) {
  return bits == 0 ? 0 : ~uint64_t{0} << (kPrefixBits - bits);
}

// Part `index` of the 2^part_bits equal parts of a range.
HashPrefix PartOf(const HashPrefix& range, int part_bits, uint64_t index) {
  const int bits = range.bits + part_bits;
  return {bits, range.prefix | index << (kPrefixBits - bits)};
}

uint64_t IndexOf(const HashPrefix& range, int part_bits, const Hash& hash) {
  return (TopOf(hash) & ~MaskOf(range.bits)) >>
         (kPrefixBits - range.bits - part_bits);
}

// A range too narrow to be parted is listed whatever it holds.
bool MayBeParted(const HashPrefix& range) {
  return range.bits + kPartBits < kPrefixBits;
}

// The sum, modulo 2^256, and the number of the hashes in a range: equal for
// equal sets, in whatever order they are visited.
struct Summary {
  uint64_t count = 0;
  std::array<uint32_t, 8> sum{};

  void Add(const Hash& hash) {
    ++count;
    ByteReader in(hash.view());
    std::array<uint64_t, 4> words{in.U64(), in.U64(), in.U64(), in.U64()};
    uint64_t carry = 0;
    for (int i = 7; i >= 0; --i) {
      uint64_t word = words[i / 2];
      uint64_t half = i % 2 == 0 ? word >> 32 : word & UINT32_MAX;
      carry += half + sum[i];
      sum[i] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
  }
  // Hashed, so that nobody can choose changes whose sums meet.
  std::string Fingerprint() const {
    if (count == 0) return "";
    ByteWriter out;
    out.U64(count);
    for (uint32_t word : sum) out.U64(word);
    return HashOf("vouch.range.v1", {out.bytes()})
        .Bytes()
        .substr(0, kRangeFingerprintBytes);
  }
};

absl::StatusOr<std::vector<Summary>> Split(const HashSource& source,
                                           const HashPrefix& range,
                                           int part_bits) {
  std::vector<Summary> parts(size_t{1} << part_bits);
  VOUCH_RETURN_IF_ERROR(source.Visit(range, [&](const Hash& hash) {
    parts[IndexOf(range, part_bits, hash)].Add(hash);
  }));
  return parts;
}

absl::StatusOr<std::vector<Hash>> List(const HashSource& source,
                                       const HashPrefix& range) {
  std::vector<Hash> out;
  VOUCH_RETURN_IF_ERROR(
      source.Visit(range, [&](const Hash& hash) { out.push_back(hash); }));
  std::sort(out.begin(), out.end());
  return out;
}

std::string ListedOf(const Hash& hash) {
  return hash.Bytes().substr(0, kListedBytes);
}

v1::HashRange* Add(const HashPrefix& range,
                   google::protobuf::RepeatedPtrField<v1::HashRange>* out) {
  v1::HashRange* added = out->Add();
  added->set_bits(static_cast<uint32_t>(range.bits));
  added->set_prefix(range.prefix);
  return added;
}

void AddParts(const std::vector<Summary>& parts, v1::HashRange* out) {
  for (const Summary& part : parts) out->add_parts(part.Fingerprint());
}

absl::Status Malformed() {
  return Error(Reason::kMalformed, "a range of changes to compare");
}

// The number of bits by which a message parts its range; 0 if it is listed.
absl::StatusOr<int> PartBitsOf(const v1::HashRange& range) {
  if (range.bits() > kPrefixBits ||
      (range.prefix() & ~MaskOf(static_cast<int>(range.bits()))) != 0) {
    return Malformed();
  }
  if (range.listed()) {
    if (range.parts_size() > 0) return Malformed();
    return 0;
  }
  for (int bits : {kFirstPartBits, kPartBits}) {
    if (range.parts_size() == 1 << bits && range.changes_size() == 0 &&
        static_cast<int>(range.bits()) + bits < kPrefixBits) {
      return bits;
    }
  }
  return Malformed();
}

HashPrefix PrefixOf(const v1::HashRange& range) {
  return {static_cast<int>(range.bits()), range.prefix()};
}

// One is within the other, or the same.
bool Overlap(const HashPrefix& a, const HashPrefix& b) {
  return ((a.prefix ^ b.prefix) & MaskOf(std::min(a.bits, b.bits))) == 0;
}

// What the centre holds of a range: its parts, or all of it.
absl::Status Describe(const HashSource& theirs, const HashPrefix& range,
                      uint64_t count, v1::HashRange* out) {
  if (count > kListedMax && MayBeParted(range)) {
    VOUCH_ASSIGN_OR_RETURN(auto parts, Split(theirs, range, kPartBits));
    AddParts(parts, out);
    return absl::OkStatus();
  }
  VOUCH_ASSIGN_OR_RETURN(auto held, List(theirs, range));
  out->set_listed(true);
  for (const Hash& hash : held) out->add_changes(ListedOf(hash));
  return absl::OkStatus();
}

}  // namespace

std::string BeginOf(const HashPrefix& range) {
  return ByteWriter().U64(range.prefix).Take();
}

std::string EndOf(const HashPrefix& range) {
  if (range.bits == 0) return "";
  const uint64_t end =
      range.prefix + (uint64_t{1} << (kPrefixBits - range.bits));
  return end == 0 ? "" : ByteWriter().U64(end).Take();
}

absl::StatusOr<v1::RangesDiffer> AnswerRanges(
    const HashSource& theirs, const v1::CompareRanges& request) {
  if (request.ranges_size() > kRangesMax) {
    return Error(Reason::kTooLarge, "over 64 ranges to compare at a time");
  }
  v1::RangesDiffer answer;
  // None is asked about twice, so one question costs one look at all at most.
  std::vector<HashPrefix> seen;
  for (const v1::HashRange& asked : request.ranges()) {
    const HashPrefix range = PrefixOf(asked);
    VOUCH_ASSIGN_OR_RETURN(int part_bits, PartBitsOf(asked));
    for (const HashPrefix& other : seen) {
      if (Overlap(range, other)) return Malformed();
    }
    seen.push_back(range);
    if (part_bits == 0) {
      if (asked.changes_size() > kListedMax) return Malformed();
      VOUCH_ASSIGN_OR_RETURN(auto held, List(theirs, range));
      absl::flat_hash_set<std::string> known;
      for (const Hash& hash : held) known.insert(ListedOf(hash));
      v1::HashRange* lacks = Add(range, answer.mutable_ranges());
      lacks->set_listed(true);
      for (const std::string& change : asked.changes()) {
        if (!known.contains(change)) lacks->add_changes(change);
      }
      continue;
    }
    VOUCH_ASSIGN_OR_RETURN(auto parts, Split(theirs, range, part_bits));
    for (size_t i = 0; i < parts.size(); ++i) {
      // Where the device holds nothing, the centre lacks nothing.
      const std::string& device = asked.parts(static_cast<int>(i));
      if (device.empty() || device == parts[i].Fingerprint()) continue;
      const HashPrefix part = PartOf(range, part_bits, i);
      VOUCH_RETURN_IF_ERROR(Describe(theirs, part, parts[i].count,
                                     Add(part, answer.mutable_ranges())));
    }
  }
  return answer;
}

absl::StatusOr<v1::CompareRanges> RangeComparison::Begin(
    const HashSource& mine) {
  due_ = {HashPrefix()};
  return Ask(mine);
}

absl::StatusOr<v1::CompareRanges> RangeComparison::Next(
    const HashSource& mine, const v1::RangesDiffer& answer) {
  // What is due, and what is lacking, is bounded by what is held here only
  // because no range is answered twice.
  absl::flat_hash_set<std::pair<uint32_t, uint64_t>> answered;
  for (const v1::HashRange& range : answer.ranges()) {
    if (!answered.emplace(range.bits(), range.prefix()).second) {
      return Malformed();
    }
    VOUCH_RETURN_IF_ERROR(Take(mine, range));
  }
  asked_.clear();
  return Ask(mine);
}

absl::Status RangeComparison::Take(const HashSource& mine,
                                   const v1::HashRange& answer) {
  VOUCH_ASSIGN_OR_RETURN(int part_bits, PartBitsOf(answer));
  const HashPrefix range = PrefixOf(answer);
  auto asked = std::find_if(asked_.begin(), asked_.end(), [&](const Asked& a) {
    return range.bits == a.range.bits + a.part_bits &&
           (range.prefix & MaskOf(a.range.bits)) == a.range.prefix;
  });
  if (asked == asked_.end()) return Malformed();
  VOUCH_ASSIGN_OR_RETURN(auto held, List(mine, range));
  if (part_bits == 0) {
    // Of a list of this side's: what the centre lacks. Else: all it holds.
    const bool lacks = asked->part_bits == 0;
    absl::flat_hash_set<std::string> named(answer.changes().begin(),
                                           answer.changes().end());
    for (const Hash& hash : held) {
      if (named.contains(ListedOf(hash)) == lacks) lacking_.push_back(hash);
    }
    return absl::OkStatus();
  }
  std::vector<Summary> parts(size_t{1} << part_bits);
  for (const Hash& hash : held) {
    parts[IndexOf(range, part_bits, hash)].Add(hash);
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].count == 0 ||
        parts[i].Fingerprint() == answer.parts(static_cast<int>(i))) {
      continue;
    }
    due_.push_back(PartOf(range, part_bits, i));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::CompareRanges> RangeComparison::Ask(const HashSource& mine) {
  v1::CompareRanges request;
  while (!due_.empty() && request.ranges_size() < kRangesMax) {
    const HashPrefix range = due_.back();
    due_.pop_back();
    const int part_bits = range.bits == 0 ? kFirstPartBits : kPartBits;
    VOUCH_ASSIGN_OR_RETURN(auto parts, Split(mine, range, part_bits));
    uint64_t count = 0;
    for (const Summary& part : parts) count += part.count;
    if (count == 0) continue;
    v1::HashRange* out = Add(range, request.mutable_ranges());
    if (count <= kListedMax || !MayBeParted(range)) {
      VOUCH_ASSIGN_OR_RETURN(auto held, List(mine, range));
      out->set_listed(true);
      for (const Hash& hash : held) out->add_changes(ListedOf(hash));
      asked_.push_back({range, 0});
    } else {
      AddParts(parts, out);
      asked_.push_back({range, part_bits});
    }
  }
  return request;
}

}  // namespace vouch
