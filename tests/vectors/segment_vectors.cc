// Vectors of segments, with their signed, stored and travelling bytes.
#include <optional>
#include <string>
#include <vector>

#include "sync/core/segment.h"
#include "tests/support/author.h"
#include "tests/vectors/vectors.h"

namespace vouch::test {
namespace {

Json ChangeJson(const Change& change) {
  std::vector<Json> signatures;
  for (const PersonSignature& s : change.signatures) {
    signatures.push_back(Json::Object({{"role", Json::Number(int{s.role})},
                                       {"key", Json::Of(s.key)},
                                       {"signature", Json::Of(s.signature)}}));
  }
  return Json::Object({{"core", Json::Bytes(change.core_bytes)},
                       {"hash", Json::Of(change.hash)},
                       {"commitment", Json::Of(change.core.commitment)},
                       {"erased", Json::Bool(change.erased)},
                       {"salt", Json::Of(change.salt)},
                       {"payload", Json::Bytes(change.payload)},
                       {"signatures", Json::List(signatures)}});
}

// What the receiver holds of the author's chain, by seq.
using Held = std::vector<Change>;

Json SegmentJson(const std::string& name, const Segment& segment,
                 const Held& held) {
  auto shorten = [&](const Hash& hash) -> std::optional<uint64_t> {
    for (const Change& c : held) {
      if (c.hash == hash) return c.core.seq;
    }
    return std::nullopt;
  };
  const SegmentHeader& h = segment.header;
  std::vector<Json> changes;
  for (const Change& c : segment.changes) changes.push_back(ChangeJson(c));
  std::vector<std::pair<std::string, Json>> chain;
  for (const Change& c : held) {
    chain.push_back({absl::StrCat(c.core.seq), Json::Of(c.hash)});
  }
  return Json::Object({{"name", Json::Text(name)},
                       {"wire", Json::Bytes(EncodeSegment(segment, shorten))},
                       {"chain", Json::Object(chain)},
                       {"signed", Json::Bytes(SegmentSignedBytes(h))},
                       {"stored_header", Json::Bytes(EncodeSegmentHeader(h))},
                       {"device_id", Json::Of(h.device())},
                       {"head", Json::Of(h.head)},
                       {"merkle_root", Json::Of(h.merkle_root)},
                       {"signatures_hash", Json::Of(h.signatures_hash)},
                       {"signature", Json::Of(h.signature)},
                       {"changes", Json::List(changes)}});
}

PersonSignature SignBy(const SigningKey& key, uint8_t role,
                       const Change& change) {
  return {role, key.public_key(), key.Sign(kPersonTag, change.hash.view())};
}

// A record's life on one tablet: created, edited, and signed by its author and
// a witness.
struct Story {
  Story() {
    ann.Create();
    ann.Set(1,
            "\x0a\x01"
            "a");
    ann.Set(1,
            "\x0a\x01"
            "b");
    ann.Add(5, Element("F1"),
            "\x2a\x02"
            "F1");
    ann.Block(7, Element("one"), Element("zero"),
              "\x3a\x02"
              "Hi");
    ann.Seal();
    Change& seal = history.changes.back();
    seal.signatures = {
        SignBy(ann.person_key(), PersonSignature::kAuthor, seal),
        SignBy(KeyOf("witness"), PersonSignature::kWitness, seal)};
  }
  Segment Seal(size_t from, size_t to) {
    return SealSegment(
        {history.changes.begin() + from, history.changes.begin() + to},
        {IdOf<HistoryId>("history"), 1000, IdOf<Hash>("root")},
        ann.device_key());
  }

  History history;
  Pen ann{&history, "ann"};
};

Segment Erased(Segment segment, size_t at) {
  Change& change = segment.changes[at];
  change.erased = true;
  change.payload.clear();
  change.salt = Salt();
  return segment;
}

Json Refused(const std::string& why, absl::string_view bytes) {
  return Json::Object(
      {{"why", Json::Text(why)}, {"bytes", Json::Bytes(bytes)}});
}

std::vector<Json> RefusedSegments(Story& story) {
  Segment whole = story.Seal(0, 6);
  auto wire_of = [](const Segment& s) { return EncodeSegment(s, nullptr); };
  std::string wire = wire_of(whole);
  std::vector<Json> refused;
  refused.push_back(Refused("truncated", wire.substr(0, wire.size() - 1)));
  refused.push_back(Refused("a trailing byte", wire + '\0'));
  auto flipped = [&](size_t at) {
    std::string other = wire;
    other[at] ^= 1;
    return other;
  };
  refused.push_back(Refused("version 0", flipped(0)));
  refused.push_back(Refused("another device key", flipped(1)));
  refused.push_back(Refused("another incarnation", flipped(33)));
  refused.push_back(Refused("another device signature", flipped(200)));
  size_t payload_at = wire.find(
      "\x0a\x01"
      "a");
  refused.push_back(Refused("an altered payload", flipped(payload_at + 2)));
  refused.push_back(
      Refused("an altered person signature", flipped(wire.size() - 1)));
  Segment other = whole;
  other.changes[5].signatures.pop_back();
  refused.push_back(Refused("a person signature taken away", wire_of(other)));
  other = whole;
  other.changes[5].signatures[1].role = PersonSignature::kAuthor;
  refused.push_back(Refused("a witness made an author", wire_of(other)));
  other = whole;
  other.header.count = 5;
  refused.push_back(Refused("a count too low", wire_of(other)));
  other = story.Seal(1, 6);
  other.header.previous = Hash();
  refused.push_back(Refused("no previous hash", wire_of(other)));
  other = story.Seal(1, 6);
  Held first = {story.history.changes[0]};
  refused.push_back(Refused(
      "a reference that is not held",
      EncodeSegment(other, [&](const Hash& hash) -> std::optional<uint64_t> {
        if (hash == first[0].hash) return 1;
        return std::nullopt;
      })));
  return refused;
}

}  // namespace

Json SegmentVectors() {
  Story story;
  const std::vector<Change>& all = story.history.changes;
  std::vector<Json> accepted = {
      SegmentJson("a whole chain", story.Seal(0, 6), {}),
      SegmentJson("references before the segment", story.Seal(2, 6),
                  {all[0], all[1]}),
      SegmentJson("one change", story.Seal(0, 1), {}),
      SegmentJson("an erased payload", Erased(story.Seal(0, 6), 1), {}),
  };
  return Json::Object({{"accepted", Json::List(accepted)},
                       {"refused", Json::List(RefusedSegments(story))}});
}

}  // namespace vouch::test
