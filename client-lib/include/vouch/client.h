// libvouch: capture vocational evidence on a device without a network, and
// reconcile it with the centre when there is one.
//
//   OpenOptions options;
//   options.folder = "/data/vouch";
//   absl::StatusOr<std::unique_ptr<Client>> client = Client::Open(options);
//   absl::StatusOr<Enrolment> me = (*client)->Enrol("centre:8443", code);
//
//   v1::Observation seen;                        // from here on: no network
//   seen.set_venue("Front office");
//   absl::StatusOr<Id> id = (*client)->Create(seen, registration);  // durable
//
//   SyncReport report = (*client)->SyncOnce();   // whenever there is a network
//
// Threads: every function may be called from any thread. One lock guards the
// store; SyncOnce and Enrol do not hold it while they wait for the network, so
// that capture goes on meanwhile. Destroy the client when no call is under way.
//
// Durability: a function that saves is atomic, and what it saved survives
// power loss once it returned OK. On STORE_FULL nothing was saved; on STORE_IO
// look before repeating. Nothing but Enrol, SyncOnce and CentreStateHashes uses
// the network, and nothing is ever dropped for want of one, for however many
// months.
//
// Errors carry one reason of proto/errors.md: see ErrorReasonOf. Every function
// that reads may return STORE_IO or STORE_CORRUPTED, every function that saves
// also STORE_FULL, TOO_LARGE, NOT_UTF8 and NOT_ENROLLED; beside each function
// stand the errors of its own. A function that is given a record returns
// NOT_FOUND if it is not here, KIND_UNKNOWN if this app is too old for it.
//
// Capture is never refused because of who someone is: what the centre is going
// to hold for review is saved all the same, and Warnings tells of it.
#ifndef VOUCH_CLIENT_H_
#define VOUCH_CLIENT_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vouch/client_types.h"
#include "vouch/v1/portfolio.pb.h"
#include "vouch/v1/records.pb.h"
#include "vouch/v1/rules.pb.h"
#include "vouch/v1/specification.pb.h"

namespace vouch {

class WatchedQuery;

// A query that goes on: see Client::Watch. Destroying it ends the calls; on
// return none is under way, except the one it is destroyed in. Destroy it
// before the client.
class LiveQuery {
 public:
  explicit LiveQuery(std::shared_ptr<WatchedQuery> watched);
  ~LiveQuery();
  LiveQuery(const LiveQuery&) = delete;
  LiveQuery& operator=(const LiveQuery&) = delete;

 private:
  const std::shared_ptr<WatchedQuery> watched_;
};

class Client {
 public:
  // Opens the store, makes it, or brings an older one up. Errors: STORE_LOCKED
  // (another process or Client), STORE_NEWER (nothing was changed),
  // STORE_CORRUPTED (names the family; ExportStore saves what can be read),
  // STORE_KEY_WRONG (not damage: it is another key), STORE_FULL, STORE_IO.
  static absl::StatusOr<std::unique_ptr<Client>> Open(
      const OpenOptions& options);
  ~Client();

  // Joins a centre; once for a store. `code` is what the administrator hands
  // out: CODE, or CODE@HEX where HEX is the fingerprint of the centre's CA
  // certificate (see Enrolment::ca_fingerprint). With HEX, no other server can
  // answer. Without it the CA that the server shows now is trusted from now on
  // (trust on first use): use it on a network you trust, or compare the
  // fingerprint. Durable on return; the same call again after a lost answer
  // gives the same. Errors: CODE_UNKNOWN, CODE_USED, CODE_EXPIRED,
  // RATE_LIMITED, ALREADY_ENROLLED, SERVER_NOT_TRUSTED, UNREACHABLE, DEADLINE,
  // MALFORMED.
  absl::StatusOr<Enrolment> Enrol(
      const std::string& server, const std::string& code,
      std::chrono::milliseconds deadline = std::chrono::seconds(30));
  // Absent until enrolled.
  std::optional<Enrolment> WhoAmI() const;
  // The people of the centre that are known here.
  absl::StatusOr<std::vector<v1::Person>> People() const;

  // --- Records ---------------------------------------------------------------

  // Saves a new record with what is filled in, however little that is. A
  // Registration needs no `registration`; every other kind names the one it
  // belongs to, unless its key does. Errors: ALREADY_EXISTS for a kind with a
  // key (see KeyedId): edit that one; MALFORMED.
  absl::StatusOr<Id> Create(const google::protobuf::Message& record,
                            const Id& registration = Id());
  // The record that a message with its key fields set stands for; whether it
  // is here already, Get tells. Errors: MALFORMED for a kind without a key.
  static absl::StatusOr<Id> KeyedId(const google::protobuf::Message& record);

  absl::StatusOr<Record> Get(const Id& record) const;

  // Saves what `edited` changes against what stood at `base`; nothing else of
  // the record is touched, so that two people's edits of different fields or
  // paragraphs both stand, and of the same one become a conflict: never an
  // overwrite. Returns the base for the next edit. Errors: RECORD_SEALED if
  // `base` was signed and locked (amend instead), RECORD_DISCARDED (revive
  // first), MALFORMED (no base, another record's, or another kind).
  absl::StatusOr<BaseToken> Edit(const Id& record, const BaseToken& base,
                                 const google::protobuf::Message& edited);
  // As Edit, for a record that is signed and locked: appends, alters nothing.
  // Errors: OPERATION_NOT_ALLOWED if it is not signed.
  absl::StatusOr<BaseToken> Amend(const Id& record, const BaseToken& base,
                                  const google::protobuf::Message& edited);

  // What is missing to sign; empty: ready.
  absl::StatusOr<std::vector<FieldProblem>> Validate(const Id& record) const;
  // The same for what is on the screen and not saved yet. No store, no errors.
  static std::vector<FieldProblem> ValidateMessage(
      const google::protobuf::Message& record);

  // Each of these acts on what the person saw at `base`; an empty one means
  // the record as it is now. Errors: OPERATION_NOT_ALLOWED where the record's
  // state or kind does not allow it.
  //
  // Signs and locks. `drawn_signature` (SVG path data) is given when a witness
  // signs on this device: a one-time key made for it signs too, and this
  // person's signature says "signed in my presence". Errors: NOT_READY_TO_SIGN
  // (names the fields), RECORD_SEALED, RECORD_DISCARDED.
  absl::StatusOr<BaseToken> Sign(
      const Id& record, const BaseToken& base = BaseToken(),
      const std::optional<std::string>& drawn_signature = std::nullopt);
  absl::StatusOr<BaseToken> Countersign(const Id& record,
                                        const BaseToken& base = BaseToken());
  // Takes a signed record, or the verdict of a ledger, back.
  absl::StatusOr<BaseToken> Withdraw(const Id& record,
                                     const BaseToken& base = BaseToken());
  // Hides a draft; Revive undoes it.
  absl::StatusOr<BaseToken> Discard(const Id& record,
                                    const BaseToken& base = BaseToken());
  absl::StatusOr<BaseToken> Revive(const Id& record,
                                   const BaseToken& base = BaseToken());

  // Appends a verdict, signed, to the ledger that the key fields name, making
  // the ledger if need be. `ledger` is a Judgement or UnitDecision with its key
  // and exactly one entry. `base`: of the ledger as the person saw it; the new
  // verdict takes the place of the one seen, and stands beside any other (then
  // contested). Empty: they saw none. In an entry left empty are filled in:
  // assessor (this person), evidence_digest (the evidence as it is now),
  // specification and version (the registration's). Returns the ledger.
  // Errors: MALFORMED, NOT_FOUND (the evidence or registration is not here),
  // NOT_READY_TO_SIGN (names what the entry lacks).
  absl::StatusOr<Id> AppendEntry(const google::protobuf::Message& ledger,
                                 const BaseToken& base = BaseToken());

  // A page, in id order within each scope. Errors: PAGE_TOKEN_INVALID,
  // KIND_UNKNOWN, MALFORMED.
  absl::StatusOr<RecordPage> Query(const RecordQuery& query) const;
  // Tells what the query finds now (perhaps nothing), then whatever changes in
  // that, by whatever save or sync; its page size and token play no part. The
  // first call comes before this returns, unless another thread is telling a
  // query just then: after it, from there. A
  // list on a screen needs nothing else:
  //
  //   auto live = client->Watch({.kind = "Observation"},
  //                             [&](const std::vector<RecordEvent>& events) {
  //                               for (const RecordEvent& e : events) …
  //                             });
  //
  // `changed` is called one call at a time, on the thread that saved or synced,
  // without any lock, after what it tells of is durable here; it may use the
  // client. What changes meanwhile is told when it returns. Keeps a summary of
  // each record found. Errors: KIND_UNKNOWN, MALFORMED.
  absl::StatusOr<std::unique_ptr<LiveQuery>> Watch(const RecordQuery& query,
                                                   RecordsChanged changed);
  // All registrations here, in id order.
  absl::StatusOr<std::vector<Record>> Registrations() const;

  // --- Disagreements and what is held ----------------------------------------

  // All, or those of one record.
  absl::StatusOr<std::vector<Conflict>> Conflicts(
      const Id& record = Id()) const;
  // Closes the conflict by naming every side; both values and who chose stay
  // on record. Settling is no capture: by someone who is not the resolver it
  // would only be held, so it is refused here. Errors: CONFLICT_CHANGED (look
  // again), RESOLVER_REQUIRED, NOT_FOUND, MALFORMED.
  absl::Status Settle(const std::string& handle, const std::string& version,
                      const SettleChoice& choice);

  absl::StatusOr<std::vector<HeldForReview>> HeldChanges() const;
  // Lets a held change take effect. Errors: NOT_FOUND, ROLE_NOT_ALLOWED,
  // DUTIES_NOT_SEPARATE.
  absl::Status Release(const std::string& change);
  absl::StatusOr<std::vector<Warning>> Warnings() const;
  // Of one registration, or of all that are here. Reads every record of it.
  // Errors: MALFORMED, NOT_FOUND.
  absl::StatusOr<std::vector<PossibleDuplicate>> PossibleDuplicates(
      const Id& registration = Id()) const;

  // --- Standing --------------------------------------------------------------

  absl::StatusOr<SafetyState> Safety(const Id& record) const;
  // The same of everything that belongs to a registration, itself too. Reads
  // where each of its changes stands. Errors: MALFORMED, NOT_FOUND.
  absl::StatusOr<PortfolioSafety> SafetyOfPortfolio(
      const Id& registration) const;
  // Why nothing is safe yet, "unavailable: no backup configured"; empty once
  // the centre has a second store.
  std::string SafeUnavailable() const;
  absl::StatusOr<LedgerNumbers> Ledger() const;
  // In scope order.
  absl::StatusOr<std::vector<ScopeHash>> StateHashes() const;
  // What the centre itself says now of the scopes that this person may see, to
  // hold against StateHashes. Uses the network. Reasons as in SyncOnce, and
  // ROLE_NOT_ALLOWED.
  absl::StatusOr<std::vector<ScopeHash>> CentreStateHashes(
      std::chrono::milliseconds deadline = std::chrono::seconds(30)) const;
  // Coverage, what counts and why not, sign-offs, rules of combination. Errors:
  // NOT_FOUND, SPECIFICATION_UNKNOWN.
  absl::StatusOr<v1::Portfolio> Portfolio(const Id& registration) const;

  // --- Specifications --------------------------------------------------------

  // All that are here, in the order of id and version: those built in and those
  // that the centre imported, with what it loaded for units that they leave
  // unknown.
  absl::StatusOr<std::vector<v1::Specification>> Specifications() const;
  // `version` 0: the latest. Errors: SPECIFICATION_UNKNOWN.
  absl::StatusOr<v1::Specification> FindSpecification(
      const std::string& specification, uint32_t version = 0) const;
  // Imported records that are not used, or not as they stand, and why.
  absl::StatusOr<std::vector<SpecificationFault>> SpecificationFaults() const;
  // Shares a specification file (JSON) with the centre's devices. The same file
  // again is the same record. Errors: SPECIFICATION_INVALID, TOO_LARGE;
  // ALREADY_EXISTS if that version is here with other contents.
  absl::StatusOr<Id> ImportSpecification(const std::string& file);
  // Loads criteria and evidence requirements from CSV
  // (evidence/unit_contents.h) for units of a specification. They reach every
  // version that has the units, and open registrations. One record a unit;
  // units that have the same already are left out. Errors: MALFORMED, NOT_UTF8,
  // TOO_LARGE, SPECIFICATION_UNKNOWN, SPECIFICATION_INVALID: nothing was saved
  // then. After another error some units may have been; the same call again
  // does the rest.
  absl::StatusOr<std::vector<Id>> ImportUnitContents(
      const std::string& csv, const std::string& specification,
      uint32_t version = 0);
  // What that would change for the units of that version, a line each; saves
  // nothing. The same errors.
  absl::StatusOr<std::vector<std::string>> ForeseeUnitContents(
      const std::string& csv, const std::string& specification,
      uint32_t version = 0) const;
  // What moving a registration to that version would change. Errors: NOT_FOUND,
  // SPECIFICATION_UNKNOWN.
  absl::StatusOr<v1::SpecificationMove> ForeseeMove(
      const Id& registration, const std::string& specification,
      uint32_t version) const;
  // Moves it, and records in the same change what that changes and why. `base`:
  // the registration as the person saw it; empty: as it is now. Errors: also
  // MALFORMED without a reason, OPERATION_NOT_ALLOWED if it is there already.
  absl::StatusOr<BaseToken> MoveRegistration(const Id& registration,
                                             const BaseToken& base,
                                             const std::string& specification,
                                             uint32_t version,
                                             const std::string& reason);

  // --- The network -----------------------------------------------------------

  // Pushes and pulls until both sides are in step. Blocks up to the deadline; a
  // second call waits for the first. What it reports as acknowledged is on the
  // centre's disk, what it reports as pulled is on this one's. Reasons in
  // SyncReport::status: NOT_ENROLLED, UNREACHABLE, SERVER_NOT_TRUSTED (an
  // intercepting proxy shows like this), CERTIFICATE_*,
  // DEVICE_REVOKED, HISTORY_DIVERGED, DEVICE_RESTORED, CHAIN_FORKED,
  // PROOF_INVALID, PROTOCOL_VERSION, TOO_SLOW, SHUTTING_DOWN, DEADLINE,
  // SYNC_STOPPED (by its slice, or cancelled), CAPTIVE_PORTAL, STORE_*.
  SyncReport SyncOnce(const SyncOptions& options = SyncOptions());

  // Writes every record that can be read to `path` (a new file, mode 0600, in
  // plaintext), one JSON object a line. ALREADY_EXISTS, STORE_IO.
  absl::StatusOr<ExportReport> Export(const std::string& path) const;

  class Impl;  // the library's own

 private:
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// As Client::Export for a store that does not open any more: reads past damage
// and reports it. Alters nothing in it. Errors: those of Open, if not even the
// files can be read; ALREADY_EXISTS.
absl::StatusOr<ExportReport> ExportStore(const OpenOptions& options,
                                         const std::string& path);

// The rules of combination for a set of units, by credits and groups alone;
// needs no store. `version` 0: the latest. Errors: SPECIFICATION_UNKNOWN.
absl::StatusOr<v1::RulesEvaluation> EvaluateRules(
    const std::string& specification, uint32_t version,
    const std::vector<std::string>& units);

// An empty message of a kind: "Observation" or "observation". KIND_UNKNOWN.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> NewRecord(
    const std::string& kind);

// The reason of an error; unspecified if it is not one of ours.
v1::ErrorReason ErrorReasonOf(const absl::Status& status);

// How long to wait before the next sync, when the last `failures` (1 or more)
// have ended, the last of them with `status`: twice as long each time, from a
// second to a quarter of an hour, less a random share, so that a thousand
// tablets do not all call a centre in the moment when it is back. At once after
// SYNC_STOPPED. Absent when waiting alone changes nothing: all is done, or a
// person has to act (the disk is full, the certificate has expired, the app is
// too old), as the reason says. `random` null: the machine's own.
std::optional<std::chrono::milliseconds> RetryAfter(const absl::Status& status,
                                                    int failures,
                                                    Random* random = nullptr);

// An id as people and files write it, a UUID in lower-case hex, and back (with
// or without dashes). Errors: MALFORMED.
std::string FormatId(const Id& id);
absl::StatusOr<Id> ParseId(const std::string& text);

}  // namespace vouch

#endif  // VOUCH_CLIENT_H_
