// The golden vectors, both ways: today's code writes exactly these bytes, and
// reads them (and refuses those that are to be refused). check_vectors.py reads
// the same files with a decoder of its own.
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "gtest/gtest.h"
#include "sync/base/codec.h"
#include "sync/base/status.h"
#include "sync/core/log_entry.h"
#include "sync/core/merkle.h"
#include "sync/core/segment.h"
#include "tests/vectors/vectors.h"

namespace vouch::test {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

std::string ReadVectors(const std::string& name) {
  std::ifstream file(VOUCH_SOURCE_DIR "/tests/vectors/" + name,
                     std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Struct Parse(const std::string& name) {
  Struct parsed;
  auto status =
      google::protobuf::util::JsonStringToMessage(ReadVectors(name), &parsed);
  EXPECT_TRUE(status.ok()) << name << ": " << status.ToString();
  return parsed;
}

const Value& Of(const Struct& object, const std::string& name) {
  auto at = object.fields().find(name);
  EXPECT_NE(at, object.fields().end()) << "no member " << name;
  static const auto* none = new Value;
  return at == object.fields().end() ? *none : at->second;
}
std::string Bytes(const Struct& object, const std::string& name) {
  return absl::HexStringToBytes(Of(object, name).string_value());
}
template <typename T>
T Id(const Struct& object, const std::string& name) {
  return *T::FromHex(Of(object, name).string_value());
}
uint64_t Number(const Struct& object, const std::string& name) {
  uint64_t value = 0;
  EXPECT_TRUE(absl::SimpleAtoi(Of(object, name).string_value(), &value));
  return value;
}
std::vector<Struct> Items(const Struct& object, const std::string& name) {
  std::vector<Struct> items;
  for (const Value& v : Of(object, name).list_value().values()) {
    items.push_back(v.struct_value());
  }
  EXPECT_FALSE(items.empty()) << name;
  return items;
}
std::vector<Hash> Hashes(const Struct& object, const std::string& name) {
  std::vector<Hash> hashes;
  for (const Value& v : Of(object, name).list_value().values()) {
    hashes.push_back(*Hash::FromHex(v.string_value()));
  }
  return hashes;
}
std::string Name(const Struct& object) {
  return Of(object, "name").string_value();
}

void ExpectRefused(const Struct& file,
                   const std::function<bool(const std::string&)>& accepts) {
  for (const Struct& item : Items(file, "refused")) {
    EXPECT_FALSE(accepts(Bytes(item, "bytes")))
        << Of(item, "why").string_value();
  }
}

TEST(GoldenVectors, TodaysCodeWritesExactlyTheseBytes) {
  std::map<std::string, std::string> made = MakeVectors();
  for (const auto& [name, contents] : made) {
    EXPECT_TRUE(ReadVectors(name) == contents)
        << name << " differs: a released format never changes";
  }
  for (const auto& entry :
       std::filesystem::directory_iterator(VOUCH_SOURCE_DIR "/tests/vectors")) {
    std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".json") continue;
    EXPECT_EQ(made.count(name), 1u) << name << " is made by nothing";
  }
}

TEST(GoldenVectors, Primitives) {
  Struct file = Parse("primitives.json");
  for (const Struct& item : Items(file, "varints")) {
    std::string bytes = Bytes(item, "bytes");
    ByteReader in(bytes);
    EXPECT_EQ(in.Varint(), Number(item, "value"));
    EXPECT_TRUE(in.Done());
  }
  ExpectRefused(file, [](const std::string& bytes) {
    ByteReader in(bytes);
    in.Varint();
    return in.Done();
  });
  Struct device = Of(file, "device").struct_value();
  auto key = SigningKey::FromSeed(Bytes(device, "seed"));
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->public_key(), Id<PublicKey>(device, "public_key"));
  EXPECT_EQ(DeviceIdOf(key->public_key()), Id<DeviceId>(device, "device_id"));
  Struct signature = Of(file, "signature").struct_value();
  EXPECT_TRUE(VerifySignature(
      key->public_key(), Of(signature, "tag").string_value(),
      Bytes(signature, "bytes"), Id<Signature>(signature, "signature")));
}

TEST(GoldenVectors, Cores) {
  Struct file = Parse("core.json");
  for (const Struct& item : Items(file, "accepted")) {
    absl::StatusOr<ChangeCore> core = DecodeCore(Bytes(item, "core"));
    ASSERT_TRUE(core.ok()) << Name(item) << core.status();
    EXPECT_EQ(EncodeCore(*core), Bytes(item, "core"));
    EXPECT_EQ(ChangeHash(Bytes(item, "core")), Id<Hash>(item, "hash"));
    EXPECT_EQ(core->device, Id<DeviceId>(item, "device"));
    EXPECT_EQ(core->seq, Number(item, "seq"));
    EXPECT_EQ(core->record, Id<RecordId>(item, "record"));
    EXPECT_EQ(core->frontier, Hashes(item, "frontier"));
    EXPECT_EQ(core->relies_on, Hashes(item, "relies_on"));
    EXPECT_EQ(core->operations.size(), Items(item, "operations").size());
    EXPECT_EQ(core->commitment, Id<Hash>(item, "commitment"));
  }
  ExpectRefused(
      file, [](const std::string& bytes) { return DecodeCore(bytes).ok(); });
}

TEST(GoldenVectors, Payloads) {
  Struct file = Parse("payload.json");
  for (const Struct& item : Items(file, "accepted")) {
    auto values = DecodePayload(Bytes(item, "payload"));
    ASSERT_TRUE(values.ok()) << Name(item) << values.status();
    std::vector<std::string> expected;
    for (const Value& v : Of(item, "values").list_value().values()) {
      expected.push_back(absl::HexStringToBytes(v.string_value()));
    }
    EXPECT_EQ(*values, expected);
    EXPECT_EQ(CommitPayload(Id<Salt>(item, "salt"), Bytes(item, "payload")),
              Id<Hash>(item, "commitment"));
  }
  ExpectRefused(
      file, [](const std::string& bytes) { return DecodePayload(bytes).ok(); });
}

TEST(GoldenVectors, Segments) {
  Struct file = Parse("segment.json");
  auto nothing = [](const SegmentHeader&, uint64_t) {
    return std::optional<Hash>();
  };
  for (const Struct& item : Items(file, "accepted")) {
    Struct chain = Of(item, "chain").struct_value();
    auto resolve = [&](const SegmentHeader&, uint64_t seq) {
      auto at = chain.fields().find(absl::StrCat(seq));
      if (at == chain.fields().end()) return std::optional<Hash>();
      return Hash::FromHex(at->second.string_value());
    };
    absl::StatusOr<Segment> s = DecodeSegment(Bytes(item, "wire"), resolve);
    ASSERT_TRUE(s.ok()) << Name(item) << s.status();
    EXPECT_EQ(SegmentSignedBytes(s->header), Bytes(item, "signed"));
    EXPECT_EQ(EncodeSegmentHeader(s->header), Bytes(item, "stored_header"));
    EXPECT_TRUE(DecodeSegmentHeader(Bytes(item, "stored_header")).ok());
    std::vector<Struct> changes = Items(item, "changes");
    ASSERT_EQ(s->changes.size(), changes.size());
    for (size_t i = 0; i < changes.size(); ++i) {
      EXPECT_EQ(s->changes[i].core_bytes, Bytes(changes[i], "core"));
      EXPECT_EQ(s->changes[i].hash, Id<Hash>(changes[i], "hash"));
      EXPECT_EQ(s->changes[i].payload, Bytes(changes[i], "payload"));
      EXPECT_EQ(s->changes[i].erased, Of(changes[i], "erased").bool_value());
    }
  }
  ExpectRefused(file, [&](const std::string& bytes) {
    return DecodeSegment(bytes, nothing).ok();
  });
}

TEST(GoldenVectors, Log) {
  Struct file = Parse("log.json");
  for (const Struct& item : Items(file, "accepted")) {
    absl::StatusOr<LogEntry> entry = DecodeLogEntry(Bytes(item, "entry"));
    ASSERT_TRUE(entry.ok()) << Name(item) << entry.status();
    EXPECT_EQ(EncodeLogEntry(*entry), Bytes(item, "entry"));
    EXPECT_EQ(ScopeHead(*entry), Id<Hash>(item, "scope_head"));
    EXPECT_EQ(LeafHash(Bytes(item, "entry")), Id<Hash>(item, "leaf_hash"));
    EXPECT_EQ(entry->commit_seq, Number(item, "commit_seq"));
    EXPECT_EQ(entry->disposition.quarantined,
              Of(item, "quarantined").bool_value());
  }
  ExpectRefused(file, [](const std::string& bytes) {
    return DecodeLogEntry(bytes).ok();
  });

  for (const char* name : {"segment_commit", "recommitted", "reinstated"}) {
    Struct item = Of(file, name).struct_value();
    absl::StatusOr<SegmentCommit> commit =
        DecodeSegmentCommit(Bytes(item, "commit"));
    ASSERT_TRUE(commit.ok()) << name << commit.status();
    EXPECT_EQ(EncodeSegmentCommit(*commit), Bytes(item, "commit"));
    std::vector<LogEntry> entries =
        EntriesOf(*commit, Id<ScopeId>(item, "scope"), Hashes(item, "changes"));
    EXPECT_EQ(ScopeHead(entries.back()), Id<Hash>(item, "scope_head"));
    EXPECT_TRUE(VerifyAck(Id<PublicKey>(item, "centre_key"),
                          Id<HistoryId>(item, "history"), entries,
                          Id<Signature>(item, "ack")));
  }

  Struct signed_head = Of(file, "tree_head").struct_value();
  absl::StatusOr<TreeHead> head =
      DecodeTreeHead(Bytes(signed_head, "tree_head"));
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(EncodeTreeHead(*head), Bytes(signed_head, "tree_head"));
  EXPECT_EQ(head->size, Number(signed_head, "size"));
  EXPECT_TRUE(VerifyTreeHead(Id<PublicKey>(signed_head, "centre_key"), *head));

  Struct stable_head = Of(file, "stable_head").struct_value();
  absl::StatusOr<TreeHead> stable =
      DecodeTreeHead(Bytes(stable_head, "stable_head"));
  ASSERT_TRUE(stable.ok()) << stable.status();
  const auto key = Id<PublicKey>(stable_head, "centre_key");
  EXPECT_TRUE(VerifyStableHead(key, *stable));
  EXPECT_FALSE(VerifyTreeHead(key, *stable));
}

TEST(GoldenVectors, MerkleTrees) {
  Struct file = Parse("merkle.json");
  std::vector<Hash> roots = Hashes(file, "roots");
  std::vector<Hash> leaves;
  for (const Value& v : Of(file, "leaves").list_value().values()) {
    leaves.push_back(LeafHash(absl::HexStringToBytes(v.string_value())));
  }
  const auto& ranges = Of(file, "compact_ranges").list_value().values();
  ASSERT_EQ(static_cast<size_t>(ranges.size()), roots.size());
  for (size_t size = 0; size < roots.size(); ++size) {
    auto range = CompactRange::Decode(
        absl::HexStringToBytes(ranges[static_cast<int>(size)].string_value()));
    ASSERT_TRUE(range.ok()) << range.status();
    EXPECT_EQ(range->Root(), roots[size]);
  }
  for (const Struct& item : Items(file, "inclusion")) {
    uint64_t index = Number(item, "index"), size = Number(item, "size");
    EXPECT_TRUE(VerifyInclusion(leaves[index], index, size,
                                Hashes(item, "proof"), roots[size])
                    .ok());
  }
  for (const Struct& item : Items(file, "consistency")) {
    uint64_t from = Number(item, "from"), to = Number(item, "to");
    EXPECT_TRUE(VerifyConsistency(from, roots[from], to, roots[to],
                                  Hashes(item, "proof"))
                    .ok());
  }
}

TEST(GoldenVectors, SealedValues) {
  Struct file = Parse("sealed.json");
  for (const Struct& item : Items(file, "accepted")) {
    auto plain = Unseal(*SealKey::FromBytes(Bytes(item, "key")),
                        Bytes(item, "context"), Bytes(item, "sealed"));
    ASSERT_TRUE(plain.has_value());
    EXPECT_EQ(*plain, Bytes(item, "plain"));
  }
  for (const Struct& item : Items(file, "refused")) {
    EXPECT_FALSE(Unseal(*SealKey::FromBytes(Bytes(item, "key")),
                        Bytes(item, "context"), Bytes(item, "bytes"))
                     .has_value())
        << Of(item, "why").string_value();
  }
}

}  // namespace
}  // namespace vouch::test
