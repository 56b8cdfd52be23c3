#include "tests/bench/fleet.h"

#include <atomic>
#include <cstdio>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "evidence/editing.h"
#include "evidence/kinds.h"
#include "sync/base/clock.h"
#include "sync/base/scope.h"
#include "sync/core/merkle.h"

namespace vouch::bench {
namespace {

constexpr char kEnrolTag[] = "vouch.enrol.v1";
constexpr std::chrono::minutes kStreamDeadline(30);
constexpr size_t kEnrolThreads = 8;
constexpr uint64_t kSalt = 0x5eed;

template <typename StatusLike>
void Require(bool ok, const char* what, const StatusLike& status) {
  if (ok) return;
  std::fprintf(stderr, "vouch-bench: %s: %s\n", what,
               std::string(status.message()).c_str());
  VOUCH_CHECK(ok);
}

uint64_t BytesOf(const MadeSegment& segment) {
  return std::max<uint64_t>(segment.wire.size(), kSegmentWireBytesMin);
}

}  // namespace

FleetDevice::FleetDevice(uint64_t seed)
    : random_(seed ^ kSalt), generator_(seed) {
  registration_ = MintRecordId(SystemClock()->Now().wall_ms, random_);
  writer_.emplace(SigningKey::Generate(random_), SigningKey::Generate(random_),
                  PersonId(), random_.Make<Incarnation>());
}

void FleetDevice::Enrol(ServerProcess* server, TlsClient* channel) {
  const std::string code = server->NewCode();
  const SigningKey device = writer_->device_key();
  const SigningKey person = writer_->person_key();
  const std::string proven = absl::StrCat(code, device.public_key().view(),
                                          person.public_key().view());
  v1::EnrolRequest request;
  request.set_code(code);
  request.set_device_key(device.public_key().Bytes());
  request.set_person_key(person.public_key().Bytes());
  request.set_device_proof(device.Sign(kEnrolTag, proven).Bytes());
  request.set_person_proof(person.Sign(kEnrolTag, proven).Bytes());
  std::optional<TlsClient> own;
  if (channel == nullptr) {
    own.emplace(server->address(), server->ca_pem());
    channel = &*own;
  }
  auto response = channel->CallEnrol(request);
  Require(response.ok(), "enrolment", response.status());
  certificate_pem_ = response->certificate_pem();
  centre_key_ = *PublicKey::FromBytes(response->centre_key());
  generator_.set_observer(response->person_id());
  const Incarnation incarnation = writer_->incarnation();
  writer_.emplace(device, person, *PersonId::FromBytes(response->person_id()),
                  incarnation);
}

Change FleetDevice::MakeNew() {
  const GeneratedRecord record = generator_.NextEvidence();
  const Kind* kind = KindOf(*record.message);
  NewChange draft;
  draft.kind = kind->number;
  draft.record = MintRecordId(SystemClock()->Now().wall_ms, random_);
  draft.scope = ScopeOf(*kind, registration_);
  auto operations = DiffRecord(nullptr, *record.message, random_);
  VOUCH_CHECK(operations.ok());
  draft.operations = *std::move(operations);
  auto change = writer_->Write(draft, SystemClock()->Now(), random_);
  Require(change.ok(), "a change", change.status());
  return *std::move(change);
}

// The candidate's acknowledgement, or whatever register stands first, again.
Change FleetDevice::MakeEdit(const Change& before) {
  const ChangeCore& core = before.core;
  auto values = DecodePayload(before.payload);
  VOUCH_CHECK(values.ok());
  NewChange draft;
  draft.kind = core.kind;
  draft.record = core.record;
  draft.scope = core.scope;
  draft.frontier = {before.hash};
  draft.relies_on = {before.hash};
  for (size_t i = 0; i < core.operations.size(); ++i) {
    const Operation& op = core.operations[i];
    if (op.merge_class != MergeClass::kBlock || !op.part.has_value()) continue;
    DraftOperation edit;
    edit.merge_class = op.merge_class;
    edit.path = op.path;
    edit.element = op.element;
    edit.after = op.after;
    edit.replaces = {{before.hash, static_cast<uint32_t>(i)}};
    edit.value = (*values)[*op.part];
    draft.operations.push_back(std::move(edit));
    break;
  }
  auto change = writer_->Write(draft, SystemClock()->Now(), random_);
  Require(change.ok(), "an edit", change.status());
  return *std::move(change);
}

void FleetDevice::Write(size_t records, bool edits) {
  std::vector<Change> open;
  size_t bytes = 0;
  auto close = [&] {
    if (open.empty()) return;
    const auto count = static_cast<uint32_t>(open.size());
    Segment segment =
        SealSegment(std::exchange(open, {}), SeenHead(), writer_->device_key());
    const auto first = segment.header.first_seq;
    // As ChangeStore::Shortener: earlier changes of the same chain by number.
    auto shorten = [&](const Hash& hash) -> std::optional<uint64_t> {
      if (hash == segment.header.previous) return first - 1;
      return std::nullopt;
    };
    segments_.push_back({EncodeSegment(segment, shorten), count});
    bytes = 0;
  };
  std::optional<Change> last;
  for (size_t i = 0; i < records; ++i) {
    Change change = edits && last.has_value() ? MakeEdit(*last) : MakeNew();
    last.reset();
    if (edits && change.core.frontier.empty()) last = change;
    const size_t next = change.core_bytes.size() + change.payload.size() + 512;
    if (open.size() == kSegmentChangesMax ||
        (!open.empty() && bytes + next > kSegmentBytesMax)) {
      close();
    }
    bytes += next;
    open.push_back(std::move(change));
  }
  close();
}

std::vector<MadeSegment> FleetDevice::TakeSegments() {
  return std::exchange(segments_, {});
}

TlsClient FleetDevice::Connect(const ServerProcess& server) const {
  return TlsClient(server.address(), server.ca_pem(),
                   PrivateKeyPem(writer_->device_key()), certificate_pem_);
}

v1::SyncRequest FleetDevice::Hello() const {
  v1::SyncRequest request;
  v1::Hello* hello = request.mutable_hello();
  hello->set_protocol_version(kProtocolVersion);
  v1::ChainHead* head = hello->add_heads();
  head->set_incarnation(writer_->incarnation().Bytes());
  return request;
}

DeviceSessionConfig FleetDevice::FreshConfig() const {
  DeviceSessionConfig config;
  config.centre_key = centre_key_;
  config.device = id();
  config.cursor_root = EmptyRoot();
  return config;
}

PushStream::PushStream(const FleetDevice& device, const ServerProcess& server)
    : client_(device.Connect(server)) {
  context_.set_deadline(std::chrono::system_clock::now() + kStreamDeadline);
  stream_ = client_.sync()->Sync(&context_);
  VOUCH_CHECK(stream_->Write(device.Hello()));
  v1::SyncResponse response;
  if (!stream_->Read(&response) || !response.has_welcome()) Finish();
  VOUCH_CHECK(response.has_welcome());
  window_bytes_ = response.welcome().push_window_bytes();
}

PushStream::~PushStream() {
  if (!finished_) Finish();
}

void PushStream::ReadAck() {
  v1::SyncResponse response;
  if (!stream_->Read(&response)) Finish();
  if (response.has_refused()) {
    std::fprintf(stderr, "vouch-bench: refused: %s\n",
                 response.refused().error().text().c_str());
  }
  VOUCH_CHECK(response.has_ack() && !sizes_.empty());
  for (const v1::CommittedSegment& segment : response.ack().segments()) {
    auto commit = DecodeSegmentCommit(segment.commit());
    VOUCH_CHECK(commit.ok());
    for (const Disposition& verdict : commit->dispositions) {
      if (verdict.quarantined) {
        std::fprintf(stderr, "vouch-bench: held for review: reason %d\n",
                     static_cast<int>(verdict.reason));
      }
      VOUCH_CHECK(!verdict.quarantined);
    }
    changes_in_flight_ -= segment.count();
  }
  in_flight_bytes_ -= sizes_.front();
  sizes_.erase(sizes_.begin());
}

void PushStream::Push(const std::vector<MadeSegment>& segments) {
  for (size_t i = 0; i < segments.size();) {
    v1::SyncRequest request;
    uint64_t bytes = 0;
    for (; i < segments.size(); ++i) {
      const uint64_t next = BytesOf(segments[i]);
      if (bytes > 0 && bytes + next > kPushStepBytes) break;
      bytes += next;
      changes_in_flight_ += segments[i].changes;
      request.mutable_push()->add_segments(segments[i].wire);
    }
    while (in_flight_bytes_ > 0 && in_flight_bytes_ + bytes > window_bytes_) {
      ReadAck();
    }
    in_flight_bytes_ += bytes;
    sizes_.push_back(bytes);
    VOUCH_CHECK(stream_->Write(request));
  }
  while (!sizes_.empty()) ReadAck();
  VOUCH_CHECK(changes_in_flight_ == 0);
}

void PushStream::Finish() {
  finished_ = true;
  stream_->WritesDone();
  v1::SyncResponse response;
  while (stream_->Read(&response)) {
  }
  const grpc::Status status = stream_->Finish();
  if (!status.ok()) {
    std::fprintf(stderr, "vouch-bench: a stream ended: %s\n",
                 status.error_message().c_str());
  }
  VOUCH_CHECK(status.ok());
}

void EnrolAll(ServerProcess* server,
              std::vector<std::unique_ptr<FleetDevice>>* devices) {
  std::atomic<size_t> next{0};
  InParallel(kEnrolThreads, kEnrolThreads, [&](size_t) {
    TlsClient channel(server->address(), server->ca_pem());
    for (size_t i; (i = next++) < devices->size();) {
      (*devices)[i]->Enrol(server, &channel);
    }
  });
}

void InParallel(size_t count, size_t threads,
                const std::function<void(size_t)>& work) {
  std::atomic<size_t> next{0};
  std::vector<std::thread> running;
  for (size_t t = 0; t < std::min(count, threads); ++t) {
    running.emplace_back([&] {
      for (size_t i; (i = next++) < count;) work(i);
    });
  }
  for (std::thread& thread : running) thread.join();
}

}  // namespace vouch::bench
