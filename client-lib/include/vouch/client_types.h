// What client.h takes and gives: plain values of standard types, usable from
// any thread. Records are protobuf messages of vouch.v1.
#ifndef VOUCH_CLIENT_TYPES_H_
#define VOUCH_CLIENT_TYPES_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vouch/v1/errors.pb.h"
#include "vouch/v1/records.pb.h"

namespace vouch {

class Clock;   // sync/base/clock.h; tests hand in their own
class Random;  // likewise

// A record, person, device or scope: 16 raw bytes, as in the messages, so that
// `judgement.set_evidence(id)` is all there is to do. Empty: none.
using Id = std::string;

// Where a record stood when a person looked at it: made by Get and by each
// save, passed back with an edit. Opaque; may be kept across restarts.
using BaseToken = std::string;

enum class Engine {
  kSqlite,   // the default on a device
  kRocksDb,  // larger; for a store of many thousand registrations
};

struct OpenOptions {
  // The client's own folder; made if missing, its parent must exist.
  std::string folder;
  // Gives the 32 bytes that everything at rest is sealed with. Without it they
  // are kept in folder/device.key (mode 0600), which protects nothing from a
  // thief who has the whole folder: a real app passes its platform's key store
  // (Android Keystore, iOS Keychain, TPM) here. Called in Open only.
  std::function<absl::StatusOr<std::string>()> master_key;
  // What the store is kept in. Open moves one that is kept in the other, as it
  // does one of an older format; a shared store stays in the engine it is in.
  Engine engine = Engine::kSqlite;
  // Told of such a move: rows done of all. It may take minutes. A copy is made,
  // compared with the store and put in its place at the end, so it needs room
  // for a second one (STORE_FULL), and may be killed at any time: the next Open
  // goes on. Called in Open only, on its thread.
  std::function<void(uint64_t done, uint64_t total)> migrating;
  // The app has a second process that uses this store too: a background worker,
  // an extension. Each then opens it for the length of a call only, some
  // milliseconds, and waits for the other up to `share_wait` (then
  // STORE_LOCKED). Both must set it: without it, the first to open keeps it.
  // One of them at a time syncs; the other's SyncOnce gets STORE_LOCKED at
  // once.
  bool shared = false;
  std::chrono::milliseconds share_wait = std::chrono::seconds(5);
  // Saves that would leave less free space than this get STORE_FULL. Bytes.
  uint64_t reserve_bytes = uint64_t{64} << 20;

  // Told what the library does, a line at a time, for an app's own log: what
  // began and ended, how and how long it took. Never what a record says, nor
  // whom it is about: names, texts, ids of records and codes are left out.
  // Called on whatever thread it happens, without a lock; be quick.
  // Called with a warning where someone should look at it.
  enum class Log { kInfo, kWarning };
  std::function<void(Log level, const std::string& line)> log;

  // For tests; null means the machine's own. They outlive the client.
  const Clock* clock = nullptr;
  Random* random = nullptr;
  std::function<uint64_t()> free_bytes;
};

struct Enrolment {
  Id device;
  Id person;
  std::string person_name;
  v1::Role role = v1::ROLE_UNSPECIFIED;
  Id centre;
  std::string centre_name;
  std::string server;  // host:port
  int64_t certificate_expires_ms = 0;
  // First 16 bytes of SHA-256 of the centre's CA certificate (DER), in hex:
  // what `CODE@HEX` pins.
  std::string ca_fingerprint;
};

// How safe a record's newest change is.
enum class SafetyState {
  kOnThisTablet = 1,  // lost with this tablet
  kAtTheCentre = 2,   // on the centre's disk
  kSafe = 3,          // and in a second store
};
// "on this tablet", "at the centre", "safe".
std::string SafetyWords(SafetyState state);

// Something about one field, in words for a person.
struct FieldProblem {
  std::string field;  // name in the message, "simulation_reason"
  std::string label;  // as people see it, "reason for simulation"
  std::string words;  // why it is needed, or what is wrong with it
};

// One side of a disagreement.
struct ConflictOption {
  Id author;
  std::string author_name;  // empty if that person is not known here
  int64_t claimed_ms = 0;   // author's clock, since 1970 UTC
  std::string words;  // the value as text, or what choosing this side does
  // The record's message with only this value in it; null for an act.
  std::shared_ptr<const google::protobuf::Message> value;
  std::string change;  // hex
};

// A disagreement that waits for a person. It never blocks other work.
struct Conflict {
  std::string handle;   // the same for as long as it is open, everywhere
  std::string version;  // hex; settling names it
  Id record;
  std::string kind;   // of the record, "Observation"
  std::string what;   // "edited apart", "decided apart", …
  std::string field;  // name; empty for the whole record
  std::string label;  // as people see the field
  std::vector<ConflictOption> sides;
  std::optional<ConflictOption> base;     // what the sides replaced
  std::optional<std::string> suggestion;  // a three-way merge of texts
  // Only the registration's internal verifier (or an administrator where none
  // is named) may settle it, and never an author of a side.
  bool needs_resolver = false;
};

// How to settle a conflict: one of the three.
struct SettleChoice {
  std::optional<size_t> side;       // index in Conflict::sides
  std::optional<std::string> text;  // of a paragraph or text field
  // The record's message in which the field, or the one entry, is set.
  std::shared_ptr<const google::protobuf::Message> message;

  static SettleChoice Side(size_t index) { return {index, {}, nullptr}; }
  static SettleChoice Text(std::string text) {
    return {{}, std::move(text), nullptr};
  }
};

// A change that is kept, at the centre too, but not applied.
struct HeldForReview {
  std::string change;  // hex; Release names it
  Id record;
  Id author;
  std::string author_name;
  // Unspecified: a cause of it is held or not here yet.
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  std::string words;
  std::string cause;    // hex; empty if the verdict is its own
  bool parked = false;  // the cause is not here yet; it will follow
};

// What the centre will probably hold for review when it gets it.
struct Warning {
  Id record;
  std::string change;  // hex
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  std::string words;
};

// Two records that may be the same work written twice: typed again on a tablet
// that was put back to a copy of itself, say. Both are kept and both count; a
// person who finds that they are the same discards or withdraws one.
struct PossibleDuplicate {
  Id record;
  Id other;  // made later
  Id registration;
  uint32_t likeness_percent = 0;  // of their texts; 100: the same words
  std::string words;
};

struct RecordSummary {
  Id id;
  Id registration;   // empty for records of the centre
  std::string kind;  // "Observation"; empty if this app does not know it
  uint32_t kind_number = 0;
  std::string state;  // "draft", "signed and locked", …
  uint32_t conflicts = 0;
  uint32_t held = 0;
  uint32_t changes = 0;
  uint32_t pending = 0;  // changes that are not yet at the centre
};

struct Record {
  RecordSummary summary;
  // Null if this app does not know the kind ("needs a newer app"); the record
  // is kept and synced all the same.
  std::shared_ptr<const google::protobuf::Message> message;
  BaseToken base;
  SafetyState safety = SafetyState::kOnThisTablet;
  bool needs_newer_app = false;
  std::string content_digest;  // 32 bytes; what a judgement of it binds to
  std::vector<Conflict> conflicts;
  std::vector<HeldForReview> held;
  struct Act {
    // "created", "signed", "countersigned", "withdrawn", "discarded".
    std::string what;
    Id author;
    std::string author_name;
    int64_t claimed_ms = 0;
  };
  std::vector<Act> acts;
};

struct RecordQuery {
  std::string kind;   // "Observation"; empty: all
  Id registration;    // empty: all
  std::string state;  // as in RecordSummary; empty: all
  // Records made in [from_ms, to_ms) by their makers' clocks, since 1970 UTC;
  // to_ms 0: no end.
  int64_t from_ms = 0;
  int64_t to_ms = 0;
  // Words that all occur in the record's texts, in whatever order, as parts of
  // words too; ASCII letters whatever their case. Such a query reads records,
  // at most kQueryLooksMax a page, which then may hold few of them or none:
  // there are more as long as there is a next_page_token.
  std::string text;
  int page_size = 50;      // 1 to 500
  std::string page_token;  // of the page before, with the same query
};
inline constexpr int kQueryLooksMax = 500;
struct RecordPage {
  std::vector<RecordSummary> records;
  std::string next_page_token;  // empty on the last page
};

// A record that came into what a live query finds, changed there (its content,
// its state, or how safe it is), or left it.
struct RecordEvent {
  enum class What { kAppeared, kChanged, kGone };
  What what = What::kAppeared;
  RecordSummary record;  // kGone: as it was last told
};
inline constexpr size_t kLiveEventsMax = 500;  // in one call
using RecordsChanged = std::function<void(const std::vector<RecordEvent>&)>;

// Records of a registration by how safe each is.
struct PortfolioSafety {
  uint64_t on_this_tablet = 0;
  uint64_t at_the_centre = 0;
  uint64_t safe = 0;
  // That of the least safe one; kSafe for none.
  SafetyState least = SafetyState::kSafe;
};

// captured = stored + held + pending, counted apart from each other.
struct LedgerNumbers {
  uint64_t captured = 0;  // changes made on this tablet
  uint64_t stored = 0;    // of those: at the centre, applied
  uint64_t held = 0;      // at the centre, held for review
  uint64_t pending = 0;   // on this tablet only
  uint64_t pulled = 0;    // changes of others, held here
  bool balanced = false;
};

struct ScopeHash {
  Id scope;
  Id registration;   // empty for scopes of the centre
  std::string name;  // "shared", "staff", "verification", "authority", …
  std::string hash;  // hex; equal on all replicas that are in step
};

// A record of an imported specification, or of what was loaded for a unit, that
// is not used, or not as it stands.
struct SpecificationFault {
  Id record;
  std::string why;
};

// How far a sync is. What is left may grow while it runs: people go on
// capturing, here and elsewhere.
struct SyncProgress {
  uint64_t pushed = 0;  // changes acknowledged so far
  uint64_t to_push = 0;
  uint64_t pulled = 0;  // entries of the centre's log passed
  uint64_t to_pull = 0;
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;
};

inline constexpr uint64_t kSparingBytesMax = 1 << 20;

struct SyncOptions {
  // The whole sync ends by then; what was acknowledged stays.
  std::chrono::milliseconds deadline = std::chrono::minutes(5);
  // host:port, if the centre moved; empty: the one enrolled with.
  std::string server;
  // After so long it ends at the next good moment, with SYNC_STOPPED unless all
  // is done: a background job that is given ten seconds at a time asks for
  // slices of eight until the status is OK. Each makes some headway, however
  // short it is. 0: no limit but the deadline.
  std::chrono::milliseconds slice{0};
  // The network costs money, or the battery is low: everything of this tablet's
  // is sent as ever, and once that is done and a megabyte was received, the
  // rest of what others wrote waits for a sync without it (SYNC_STOPPED).
  bool sparing = false;
  // Both are called on the thread that called SyncOnce, without any lock: they
  // may call other functions of the client, but not SyncOnce or Enrol.
  //
  // Asked several times a second; true ends the sync as a slice does.
  std::function<bool()> cancelled;
  // Told after each step that is durable.
  std::function<void(const SyncProgress&)> progress;
};
struct SyncReport {
  // OK: all of this tablet's changes are at the centre and all of the centre's
  // are here. Otherwise why it stopped; nothing is lost, and the next sync
  // goes on where this one ended.
  absl::Status status;
  uint64_t pushed = 0;  // changes acknowledged in this sync
  uint64_t pulled = 0;  // entries of the centre's log passed
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;
  // The centre, or this tablet, had been put back to an earlier state (a
  // restored backup, a cloned tablet), and that was made good.
  bool recovered = false;
  uint64_t restored = 0;  // of the pushed: the centre had lost them
  // Changes that had been safe (in the centre's second store), until the
  // centre was put back to before them. They are on this tablet still.
  uint64_t no_longer_safe = 0;
  uint64_t log_size = 0;  // of the centre, as pulled to
  LedgerNumbers ledger;   // after it
  uint32_t conflicts = 0;
  std::vector<HeldForReview> held;
};

struct ExportReport {
  uint64_t records = 0;
  uint64_t changes = 0;
  // What could not be read, in words that name the family.
  std::vector<std::string> damage;
};

}  // namespace vouch

#endif  // VOUCH_CLIENT_TYPES_H_
