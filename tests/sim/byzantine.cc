#include "tests/sim/byzantine.h"

#include "absl/strings/str_cat.h"
#include "sync/base/scope.h"
#include "sync/base/status.h"
#include "tests/sim/forge.h"
#include "vouch/v1/records.pb.h"

namespace vouch::sim {
namespace {

constexpr size_t kEarlierMax = 8;
constexpr int kFloodMessages = 120;
constexpr int kFloodStreams = 12;
constexpr int64_t kStreamMsMax = 50'000;

}  // namespace

Byzantine::Byzantine(const Context& context, size_t index, uint64_t seed,
                     Network* network, CentreNode* centre)
    : context_(context),
      index_(index),
      random_(seed),
      network_(network),
      centre_(centre) {}

bool Byzantine::Sees(const ScopeId& scope) const {
  return ScopeKindOf(scope) == ScopeKind::kShared &&
         team_->Owns(RegistrationOf(scope));
}

void Byzantine::Enrol(Centre& centre, Roster* roster, Places* team) {
  team_ = team;
  SigningKey device_key = SigningKey::Generate(random_);
  SigningKey person_key = SigningKey::Generate(random_);
  auto code = centre.CreateCode(v1::ROLE_CANDIDATE, "liar", 0, std::nullopt);
  VOUCH_CHECK(code.ok());
  auto member = centre.Enrol(code->code, device_key.public_key(),
                             person_key.public_key());
  VOUCH_CHECK(member.ok());
  writer_.emplace(std::move(device_key), std::move(person_key), member->person,
                  random_.Make<Incarnation>());
  (*roster)[writer_->device()] = {
      "the liar", member->person, v1::ROLE_CANDIDATE,
      [this](const ScopeId& scope) { return Sees(scope); }};
}

bool Byzantine::CatchUp() {
  Centre* centre = centre_->centre();
  if (centre == nullptr) return false;
  auto head = centre->changes().ChainHead(*centre_->store(), writer_->device(),
                                          writer_->incarnation());
  if (!head.ok()) return false;
  if (head->seq != writer_->seq() || head->hash != writer_->head()) {
    writer_->Restore(head->seq, head->hash, writer_->hlc());
  }
  return true;
}

Hash Byzantine::AnyChange() {
  Centre* centre = centre_->centre();
  Hash hash = random_.Make<Hash>();
  if (centre == nullptr || team_->records.empty() || random_.Chance(150)) {
    return hash;
  }
  const RecordId& record = team_->records[random_.Below(team_->records.size())];
  auto scope = centre->changes().ScopeOf(*centre_->store(), record);
  // Of its own scope: what it cannot see it cannot name, but by guessing.
  if (!scope.ok() || !Sees(*scope)) return hash;
  auto rows =
      centre->changes().GetRecordChanges(*centre_->store(), *scope, record);
  if (!rows.ok() || rows->empty()) return hash;
  return (*rows)[random_.Below(rows->size())].hash;
}

NewChange Byzantine::Draft() {
  NewChange draft;
  draft.kind = static_cast<uint32_t>(random_.Below(14));
  draft.record = random_.Make<RecordId>();
  bool others = random_.Chance(600) && !team_->records.empty();
  if (others) {
    draft.record = team_->records[random_.Below(team_->records.size())];
  }
  ScopeKind kinds[] = {ScopeKind::kShared, ScopeKind::kShared,
                       ScopeKind::kStaff, ScopeKind::kVerification,
                       ScopeKind::kAuthority};
  RecordId owner = random_.Make<RecordId>();
  if (!team_->registrations.empty() && random_.Chance(850)) {
    owner = team_->registrations[random_.Below(team_->registrations.size())];
  }
  draft.scope = MakeScope(kinds[random_.Below(5)], owner);
  for (uint64_t i = random_.Below(4); i > 0; --i) {
    draft.frontier.push_back(AnyChange());
  }
  if (random_.Chance(400)) draft.relies_on.push_back(AnyChange());
  for (uint64_t i = 1 + random_.Below(4); i > 0; --i) {
    DraftOperation op;
    op.merge_class = static_cast<MergeClass>(1 + random_.Below(19));
    uint64_t depth = random_.Below(3);
    while (op.path.size() < depth) {
      op.path.push_back(1 + static_cast<uint32_t>(random_.Below(20)));
    }
    if (random_.Chance(300)) op.element = random_.Make<ElementId>();
    if (random_.Chance(200)) op.after = random_.Make<ElementId>();
    if (random_.Chance(500)) {
      op.replaces.push_back(
          {AnyChange(), static_cast<uint32_t>(random_.Below(3))});
    }
    if (random_.Chance(700)) op.value = absl::StrCat("a lie ", acts_);
    draft.operations.push_back(std::move(op));
  }
  draft.sign_as_author = random_.Chance(300);
  return draft;
}

std::string Byzantine::Lie(ChainWriter* writer) {
  TimeReading now;
  now.wall_ms = kEpochMs + random_.Between(-2 * kTenYearsMs, 2 * kTenYearsMs);
  now.monotonic_ms = random_.Next() >> random_.Below(60);
  now.utc_offset_min = static_cast<int>(random_.Between(-1440, 1440));
  NewChange draft = Draft();
  const bool sign = draft.sign_as_author;
  draft.sign_as_author = false;
  Change change = Forge(writer, draft, now, random_, [&](Change* c) {
    if (random_.Chance(200)) c->core.person = random_.Make<PersonId>();
    if (random_.Chance(300)) c->core.hlc = random_.Next() >> random_.Below(40);
    if (random_.Chance(150)) c->core.claimed_ms = INT64_MIN;
    if (random_.Chance(100)) c->payload = Garbage();
    if (random_.Chance(100)) c->core.operations[0].part = 4'000;
  });
  if (sign) {
    change.signatures.push_back(
        {PersonSignature::kAuthor, writer->person_key().public_key(),
         writer->person_key().Sign(kPersonTag, change.hash.view())});
  }
  if (random_.Chance(300)) team_->records.push_back(draft.record);
  return WireOf(change, writer->device_key());
}

v1::SyncRequest Byzantine::Greeting() {
  v1::SyncRequest request;
  v1::Hello* hello = request.mutable_hello();
  hello->set_protocol_version(kProtocolVersion);
  v1::ChainHead* head = hello->add_heads();
  head->set_incarnation(writer_->incarnation().Bytes());
  head->set_seq(writer_->seq());
  if (writer_->seq() > 0) head->set_hash(writer_->head().Bytes());
  hello->set_cursor_root(Hash().Bytes());
  return request;
}

v1::SyncRequest Byzantine::FalseGreeting() {
  v1::SyncRequest request = Greeting();
  v1::Hello* hello = request.mutable_hello();
  switch (random_.Below(6)) {
    case 0:
      hello->set_protocol_version(static_cast<uint32_t>(random_.Below(2)) * 99);
      break;
    case 1:
      hello->set_cursor_size(random_.Next() >> random_.Below(64));
      hello->set_cursor_root(random_.Make<Hash>().Bytes());
      break;
    case 2:
      hello->set_cursor_root("short");
      hello->mutable_heads(0)->set_incarnation("odd");
      break;
    case 3:
      for (uint64_t i = random_.Below(200); i > 0; --i) {
        *hello->add_heads() = hello->heads(0);
      }
      break;
    case 4:
      hello->mutable_heads(0)->set_seq(random_.Next());
      hello->mutable_heads(0)->set_hash(random_.Make<Hash>().Bytes());
      break;
    default:
      hello->set_history_id(random_.Make<HistoryId>().Bytes());
      break;
  }
  return request;
}

std::string Byzantine::Garbage() {
  std::string bytes = random_.Chance(600) ? last_wire_ : std::string();
  if (bytes.empty() || random_.Chance(200)) {
    bytes.resize(1 + random_.Below(300));
    random_.Fill(reinterpret_cast<uint8_t*>(bytes.data()), bytes.size());
    if (random_.Chance(500)) bytes[0] = 1;
    return bytes;
  }
  if (random_.Chance(300)) bytes.resize(1 + random_.Below(bytes.size()));
  bytes[random_.Below(bytes.size())] ^=
      static_cast<char>(1 << random_.Below(8));
  return bytes;
}

void Byzantine::Push(std::vector<std::string> segments) {
  StreamId stream = network_->Open(index_);
  network_->ToCentre(stream, Greeting());
  v1::SyncRequest request;
  for (std::string& wire : segments) {
    request.mutable_push()->add_segments(std::move(wire));
  }
  network_->ToCentre(stream, request);
  if (random_.Chance(300)) network_->ToCentre(stream, request);
  context_.scheduler->After(random_.Between(100, kStreamMsMax), [this, stream] {
    network_->DeviceEnds(stream, true);
  });
}

// Asks without end, opens without end, pushes without end.
void Byzantine::Flood() {
  greedy_ = random_.Chance(500);
  for (int s = 0; s < kFloodStreams; ++s) {
    StreamId stream = network_->Open(index_);
    network_->ToCentre(stream, Greeting());
    v1::SyncRequest request;
    if (s % 2 == 0) {
      request.mutable_pull()->set_until_size(UINT64_MAX);
      request.mutable_pull()->set_credit(UINT32_MAX);
    } else {
      request.mutable_push()->add_segments(last_wire_);
    }
    for (int i = 0; i < kFloodMessages / kFloodStreams; ++i) {
      network_->ToCentre(stream, request);
    }
    context_.scheduler->After(
        random_.Between(100, kStreamMsMax),
        [this, stream] { network_->DeviceEnds(stream, true); });
  }
}

void Byzantine::Oversize() {
  std::string large(kSegmentWireBytesMax + 1, '\x01');
  if (random_.Chance(500)) return Push({large});
  std::string half(kPushBytesMax / 2 + 1, '\x01');
  Push({half, half});
}

void Byzantine::OutOfOrder() {
  StreamId stream = network_->Open(index_);
  v1::SyncRequest messages[4];
  messages[0] = FalseGreeting();
  messages[1].mutable_pull()->set_credit(3);
  messages[2].mutable_push();
  for (uint64_t i = 1 + random_.Below(5); i > 0; --i) {
    network_->ToCentre(stream, messages[random_.Below(4)]);
  }
  // Left open: the centre has to find out by itself.
}

void Byzantine::OnResponse(StreamId stream, v1::SyncResponse message) {
  if (!greedy_ || !message.has_batch()) return;
  v1::SyncRequest request;
  request.mutable_pull()->set_until_size(UINT64_MAX);
  request.mutable_pull()->set_credit(UINT32_MAX);
  // Never more than its batches: else one run would never end.
  network_->ToCentre(stream, request);
  greedy_ = random_.Chance(900);
}

void Byzantine::Act(SimRandom* random) {
  ++acts_;
  if (!CatchUp()) return;
  uint64_t trick = random->Below(10);
  context_.trace->Event(context_.scheduler->now_ms(), "the liar",
                        absl::StrCat("tries trick ", trick));
  switch (trick) {
    case 0:
    case 1:
    case 2:
    case 3: {
      earlier_.push_back(*writer_);
      if (earlier_.size() > kEarlierMax) earlier_.erase(earlier_.begin());
      last_wire_ = Lie(&*writer_);
      return Push({last_wire_});
    }
    case 4:
    case 5: {  // equivocates: another change at the same place
      if (earlier_.empty()) return;
      ChainWriter fork = earlier_[random_.Below(earlier_.size())];
      std::vector<std::string> segments;
      for (uint64_t i = 1 + random_.Below(3); i > 0; --i) {
        segments.push_back(Lie(&fork));
      }
      return Push(std::move(segments));
    }
    case 6:
      return Push({Garbage()});
    case 7:
      return Flood();
    case 8:
      return Oversize();
    default:
      return OutOfOrder();
  }
}

}  // namespace vouch::sim
