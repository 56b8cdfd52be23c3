// libvouch for C and for every language that calls C: capture evidence on a
// device without a network, and reconcile it with the centre when there is one.
// A thin wrapper over client.h, where the meaning of each function is told at
// length. client-lib/README.md begins with ten minutes from nothing to a synced
// observation.
//
//   vouch_client* client = NULL;
//   vouch_open_options options = {.struct_size = sizeof options};
//   options.folder = vouch_text("/data/vouch");
//   vouch_error* error = vouch_open(&options, &client);
//   if (error != NULL) {
//     puts(vouch_error_message(error));
//     vouch_error_free(error);
//   }
//
// Errors: a function that can fail returns NULL, or an error that the caller
// frees. After an error nothing was written to `out`, save where it says so.
// Which reasons there are stands beside the function of the same name in
// client.h; MALFORMED names the argument in vouch_error_field.
//
// Ownership: what goes in (a vouch_slice, a struct, an array) is borrowed for
// the call. What comes out in a vouch_buffer, or as a pointer to an opaque
// type, is the caller's to free with the function named for it. To free NULL or
// an empty buffer does nothing.
//
// Messages: records and all that has more than a few numbers cross as
// serialised messages of vouch.v1 (proto/vouch/v1), so that each language uses
// its own protobuf classes. "Gives a PersonList" means that `out` gets one. For
// a language that has none, vouch_message_to_json and _from_json.
//
// Threads: "any" means any thread, several at once, also on one client. What
// saves is durable when it returns NULL.
//
// Options and reports begin with `struct_size`, which the caller sets to the
// sizeof its own header gave. Fields that an older caller does not have take
// their default; one that is set by a newer caller and unknown here is refused
// as MALFORMED, never ignored. Zero always means the default.
//
// No exception leaves the library. It exports vouch_* and nothing else.
#ifndef VOUCH_VOUCH_H_
#define VOUCH_VOUCH_H_

#include <stddef.h>
#include <stdint.h>

#include "vouch/values.h"

#ifdef __cplusplus
extern "C" {
#endif

// --- Opening and joining -----------------------------------------------------

// Fills in the 32 bytes that everything at rest is sealed with, from the
// platform's key store, and returns 0; else the opening fails with
// STORE_KEY_WRONG. Called during vouch_open and vouch_export_store only, on
// their caller's thread; it must not throw or long-jump.
typedef int (*vouch_key_function)(void* context, uint8_t key[32]);

enum vouch_log_level {
  VOUCH_LOG_INFO = 1,
  VOUCH_LOG_WARNING = 2,  // someone should look at it
};
// Takes one line, terminated, which it borrows: what began and ended, how and
// how long it took; never names, texts, ids of records, codes or keys. Called
// on the thread of the call that it is about, without a lock; be quick. It must
// not throw or long-jump.
typedef void (*vouch_log_function)(void* context, int32_t level,
                                   const char* line);

// Told how far the store is that vouch_open moves to a newer format: rows done
// of all. On the opening thread; it must not throw or long-jump. The process
// may be killed meanwhile: the next opening goes on.
typedef void (*vouch_migration_function)(void* context, uint64_t done,
                                         uint64_t total);

typedef struct vouch_open_options {
  size_t struct_size;
  // Required. The client's own folder; made if missing, its parent must exist.
  vouch_slice folder;
  // Optional. Without it the key lies beside the store, and protects nothing.
  vouch_key_function master_key;
  void* master_key_context;
  // Saves that would leave less free get STORE_FULL. Bytes; 0: 64 MiB.
  uint64_t reserve_bytes;
  vouch_log_function log;  // Optional.
  void* log_context;
  // 1: the app has a second process that uses this store too, and both set it.
  // Each waits for the other, for the length of a call, then STORE_LOCKED.
  uint32_t shared;
  uint32_t share_wait_ms;              // 0: 5 s
  vouch_migration_function migrating;  // Optional.
  void* migrating_context;
} vouch_open_options;

// Opens the store, or makes it, or brings an older one up. Thread: any.
VOUCH_API vouch_error* vouch_open(const vouch_open_options* options,
                                  vouch_client** out);
// Closes the store. Thread: any, once, when no other call is under way on it.
VOUCH_API void vouch_close(vouch_client* client);

// Joins a centre, once for a store; uses the network. `server` is host:port,
// `code` CODE or CODE@HEX. Deadline 0: 30 s. Gives an Enrolment. Thread: any.
VOUCH_API vouch_error* vouch_enrol(vouch_client* client, vouch_slice server,
                                   vouch_slice code, uint32_t deadline_ms,
                                   vouch_buffer* out);
// Gives an Enrolment; NOT_ENROLLED before. Thread: any.
VOUCH_API vouch_error* vouch_who_am_i(vouch_client* client, vouch_buffer* out);
// Gives a PersonList. Thread: any.
VOUCH_API vouch_error* vouch_people(vouch_client* client, vouch_buffer* out);

// --- Records -----------------------------------------------------------------

// Saves a new record with what is filled in, however little. `registration` is
// the one it belongs to; NULL for a Registration and where the key leads to it.
// Thread: any.
VOUCH_API vouch_error* vouch_create(vouch_client* client,
                                    const vouch_message* record,
                                    const vouch_id* registration,
                                    vouch_id* out);
// The record that a message with its key fields set stands for. Thread: any.
VOUCH_API vouch_error* vouch_keyed_id(const vouch_message* record,
                                      vouch_id* out);
// Gives a StoredRecord. Thread: any.
VOUCH_API vouch_error* vouch_get(vouch_client* client, const vouch_id* record,
                                 vouch_buffer* out);

// Saves what `edited` changes against what stood at `base`, and nothing else of
// the record. Gives the base for the next edit. Thread: any.
VOUCH_API vouch_error* vouch_edit(vouch_client* client, const vouch_id* record,
                                  vouch_slice base, const vouch_message* edited,
                                  vouch_buffer* out);
// As vouch_edit, for a record that is signed and locked. Thread: any.
VOUCH_API vouch_error* vouch_amend(vouch_client* client, const vouch_id* record,
                                   vouch_slice base,
                                   const vouch_message* edited,
                                   vouch_buffer* out);

// Gives a FieldProblemList: what is missing to sign. Thread: any.
VOUCH_API vouch_error* vouch_validate(vouch_client* client,
                                      const vouch_id* record,
                                      vouch_buffer* out);
// The same for what is on the screen and not saved yet. Thread: any.
VOUCH_API vouch_error* vouch_validate_message(const vouch_message* record,
                                              vouch_buffer* out);

// Each of these acts on what the person saw at `base` (empty: the record as it
// is now), and gives the base after it.
//
// Signs and locks. `drawn_signature`: NULL, or SVG path data of a witness who
// signs on this device. Thread: any.
VOUCH_API vouch_error* vouch_sign(vouch_client* client, const vouch_id* record,
                                  vouch_slice base,
                                  const vouch_slice* drawn_signature,
                                  vouch_buffer* out);
// Thread: any.
VOUCH_API vouch_error* vouch_countersign(vouch_client* client,
                                         const vouch_id* record,
                                         vouch_slice base, vouch_buffer* out);
// Takes a signed record, or the verdict of a ledger, back. Thread: any.
VOUCH_API vouch_error* vouch_withdraw(vouch_client* client,
                                      const vouch_id* record, vouch_slice base,
                                      vouch_buffer* out);
// Hides a draft. Thread: any.
VOUCH_API vouch_error* vouch_discard(vouch_client* client,
                                     const vouch_id* record, vouch_slice base,
                                     vouch_buffer* out);
// Undoes vouch_discard. Thread: any.
VOUCH_API vouch_error* vouch_revive(vouch_client* client,
                                    const vouch_id* record, vouch_slice base,
                                    vouch_buffer* out);

// Appends a verdict, signed: `ledger` is a Judgement or UnitDecision with its
// key and exactly one entry. Thread: any.
VOUCH_API vouch_error* vouch_append_entry(vouch_client* client,
                                          const vouch_message* ledger,
                                          vouch_slice base, vouch_id* out);

typedef struct vouch_query_options {
  size_t struct_size;
  vouch_slice kind;              // "Observation"; empty: all
  const vouch_id* registration;  // NULL: all
  vouch_slice state;             // "draft", …; empty: all
  uint32_t page_size;            // 1 to 500; 0: 50
  vouch_slice page_token;        // of the page before, with the same query
  // Made in [from_ms, to_ms) by their makers' clocks, since 1970 UTC; to_ms 0:
  // no end.
  int64_t from_ms;
  int64_t to_ms;
  // Words that all occur in the record's texts. A page of such a query may hold
  // few records or none: there are more as long as there is a token.
  vouch_slice text;
} vouch_query_options;

// Gives a RecordPage. `options` NULL: all. Thread: any.
VOUCH_API vouch_error* vouch_query(vouch_client* client,
                                   const vouch_query_options* options,
                                   vouch_buffer* out);
// Takes a serialised RecordEventList, which it borrows: what came into a live
// query, changed there, or left it. Called one call at a time, on the thread
// that saved or synced, without a lock, after what it tells of is durable; it
// may use the client, and free the query. It must not throw or long-jump.
typedef void (*vouch_live_function)(void* context, vouch_slice events);
// Tells what the query finds now (perhaps nothing), then whatever changes in
// that; page size and token play no part. The first call comes before this
// returns, unless another thread is telling a query just then: after it, from
// there. `options` NULL: all. Thread: any.
VOUCH_API vouch_error* vouch_watch(vouch_client* client,
                                   const vouch_query_options* options,
                                   vouch_live_function changed, void* context,
                                   vouch_live** out);
// Ends the calls: on return none is under way, except the one it is called in.
// Before vouch_close. Thread: any, once.
VOUCH_API void vouch_live_free(vouch_live* live);
// Gives a StoredRecordList. Thread: any.
VOUCH_API vouch_error* vouch_registrations(vouch_client* client,
                                           vouch_buffer* out);

// --- Disagreements and what is held ------------------------------------------

// Gives a DisagreementList, of one record or (NULL) of all. Thread: any.
VOUCH_API vouch_error* vouch_conflicts(vouch_client* client,
                                       const vouch_id* record,
                                       vouch_buffer* out);

enum vouch_settle_by {
  VOUCH_SETTLE_BY_SIDE = 1,
  VOUCH_SETTLE_BY_TEXT = 2,     // of a paragraph or text field
  VOUCH_SETTLE_BY_MESSAGE = 3,  // in which the field, or one entry, is set
};
typedef struct vouch_settle_choice {
  size_t struct_size;
  int32_t by;             // Required: of enum vouch_settle_by.
  uint32_t side;          // its place in the Disagreement, from 0
  vouch_slice text;       // UTF-8
  vouch_message message;  // of the record's kind
} vouch_settle_choice;

// Closes the disagreement by naming every side; all stay on record. `handle`
// and `version` are the Disagreement's. Thread: any.
VOUCH_API vouch_error* vouch_settle(vouch_client* client, vouch_slice handle,
                                    vouch_slice version,
                                    const vouch_settle_choice* choice);
// Gives a HeldChangeList. Thread: any.
VOUCH_API vouch_error* vouch_held_changes(vouch_client* client,
                                          vouch_buffer* out);
// Lets a held change, named by its hex, take effect. Thread: any.
VOUCH_API vouch_error* vouch_release(vouch_client* client, vouch_slice change);
// Gives a ReviewWarningList. Thread: any.
VOUCH_API vouch_error* vouch_warnings(vouch_client* client, vouch_buffer* out);
// Gives a PossibleDuplicateList, of one registration or (NULL) of all.
// Thread: any.
VOUCH_API vouch_error* vouch_possible_duplicates(vouch_client* client,
                                                 const vouch_id* registration,
                                                 vouch_buffer* out);

// --- Standing ----------------------------------------------------------------

enum vouch_safety {
  VOUCH_SAFETY_ON_THIS_TABLET = 1,  // lost with this tablet
  VOUCH_SAFETY_AT_THE_CENTRE = 2,   // on the centre's disk
  VOUCH_SAFETY_SAFE = 3,            // and in a second store
};
// How safe the record's newest change is, of enum vouch_safety. Thread: any.
VOUCH_API vouch_error* vouch_safety_of(vouch_client* client,
                                       const vouch_id* record, int32_t* out);

// Records of a registration by how safe each is.
typedef struct vouch_portfolio_safety {
  size_t struct_size;
  uint64_t on_this_tablet;
  uint64_t at_the_centre;
  uint64_t safe;
  int32_t least;  // that of the least safe one; VOUCH_SAFETY_SAFE for none
} vouch_portfolio_safety;
// How safe all is that belongs to a registration, itself too. Thread: any.
VOUCH_API vouch_error* vouch_safety_of_portfolio(vouch_client* client,
                                                 const vouch_id* registration,
                                                 vouch_portfolio_safety* out);
// "on this tablet", …; "" for another number. Lives as long as the library.
// Thread: any.
VOUCH_API const char* vouch_safety_words(int32_t safety);
// Gives a text: why nothing is safe yet; empty once something can be.
// Thread: any.
VOUCH_API vouch_error* vouch_safe_unavailable(vouch_client* client,
                                              vouch_buffer* out);

// captured = stored + held + pending, counted apart from each other.
typedef struct vouch_ledger_numbers {
  size_t struct_size;
  uint64_t captured;  // changes made on this tablet
  uint64_t stored;    // of those: at the centre, applied
  uint64_t held;      // at the centre, held for review
  uint64_t pending;   // on this tablet only
  uint64_t pulled;    // changes of others, held here
  uint32_t balanced;  // 1 if the sum is right
} vouch_ledger_numbers;

// Thread: any.
VOUCH_API vouch_error* vouch_ledger(vouch_client* client,
                                    vouch_ledger_numbers* out);
// Gives a ScopeHashList. Thread: any.
VOUCH_API vouch_error* vouch_state_hashes(vouch_client* client,
                                          vouch_buffer* out);
// Gives a ScopeHashList, the centre's own; uses the network. Deadline 0: 30 s.
// Thread: any.
VOUCH_API vouch_error* vouch_centre_state_hashes(vouch_client* client,
                                                 uint32_t deadline_ms,
                                                 vouch_buffer* out);
// Gives a Portfolio: coverage, what counts and why not. Thread: any.
VOUCH_API vouch_error* vouch_portfolio(vouch_client* client,
                                       const vouch_id* registration,
                                       vouch_buffer* out);
// Gives a RulesEvaluation of a set of units; needs no store. `version` 0: the
// latest. Thread: any.
VOUCH_API vouch_error* vouch_evaluate_rules(vouch_slice specification,
                                            uint32_t version,
                                            const vouch_slice* units,
                                            size_t unit_count,
                                            vouch_buffer* out);

// --- The network -------------------------------------------------------------

// NULL if there is no memory left. Thread: any.
VOUCH_API vouch_cancellation* vouch_cancellation_new(void);
// Ends the syncs that were given it, now and later, with SYNC_STOPPED: within a
// quarter of a second, and two more for the centre to acknowledge what is under
// way. Thread: any.
VOUCH_API void vouch_cancel(vouch_cancellation* cancellation);
// Thread: any, once, when no sync has it any more.
VOUCH_API void vouch_cancellation_free(vouch_cancellation* cancellation);

typedef struct vouch_sync_progress {
  size_t struct_size;  // set by the library
  uint64_t pushed;     // changes acknowledged so far
  uint64_t to_push;    // left; may grow while people go on capturing
  uint64_t pulled;     // entries of the centre's log passed so far
  uint64_t to_pull;    // left, likewise
  uint64_t bytes_sent;
  uint64_t bytes_received;
} vouch_sync_progress;
// Called on the syncing thread, with no lock held, after each step that is
// durable. It may call the client, but neither vouch_sync nor vouch_enrol; it
// must not throw or long-jump.
typedef void (*vouch_progress_function)(void* context,
                                        const vouch_sync_progress* progress);

typedef struct vouch_sync_options {
  size_t struct_size;
  uint64_t deadline_ms;  // the whole sync ends by then; 0: 5 minutes
  vouch_slice server;    // host:port if the centre moved
  vouch_cancellation* cancellation;  // Optional.
  vouch_progress_function progress;  // Optional.
  void* progress_context;
  // After so long it ends at the next good moment, with SYNC_STOPPED unless all
  // is done; each slice makes some headway. 0: no limit but the deadline.
  uint64_t slice_ms;
  // 1: the network costs money, or the battery is low. What this tablet wrote
  // is sent as ever; after a megabyte, what others wrote waits (SYNC_STOPPED).
  uint32_t sparing;
} vouch_sync_options;

typedef struct vouch_sync_report {
  size_t struct_size;
  uint64_t pushed;  // changes acknowledged in this sync
  uint64_t pulled;  // entries of the centre's log passed
  uint64_t bytes_sent;
  uint64_t bytes_received;
  uint64_t restored;        // of the pushed: the centre had lost them
  uint64_t no_longer_safe;  // had been safe, until the centre was put back
  uint64_t log_size;        // of the centre, as pulled to
  uint32_t recovered;       // 1: a restore of either side was made good
  uint32_t conflicts;       // open now
  uint32_t held;            // changes held for review now
} vouch_sync_report;

// Pushes and pulls until both sides are in step. Blocks up to the deadline; a
// second call waits for the first. `options` may be NULL. `report` may be NULL
// and is filled in after an error too; nothing is lost, and the next sync goes
// on where this one ended. Thread: any; saving goes on meanwhile.
VOUCH_API vouch_error* vouch_sync(vouch_client* client,
                                  const vouch_sync_options* options,
                                  vouch_sync_report* report);
// Whether to sync again, and after how many milliseconds, when the last
// `failures` (1 or more) have ended, the last of them with `error`: twice as
// long each time, less a random share. 0, and nothing written, when waiting
// alone changes nothing: all is done (NULL), or a person has to act. Thread:
// any.
VOUCH_API int32_t vouch_retry_after(const vouch_error* error, uint32_t failures,
                                    uint64_t* wait_ms);
// The same by the reason alone, of enum vouch_reason, where the error is gone.
// Thread: any.
VOUCH_API int32_t vouch_retry_after_reason(int32_t reason, uint32_t failures,
                                           uint64_t* wait_ms);

// --- Taking everything out ---------------------------------------------------

// Writes every record to a new file, one JSON object a line. Gives an
// ExportReport. Thread: any.
VOUCH_API vouch_error* vouch_export(vouch_client* client, vouch_slice path,
                                    vouch_buffer* out);
// The same for a store that does not open any more. Thread: any.
VOUCH_API vouch_error* vouch_export_store(const vouch_open_options* options,
                                          vouch_slice path, vouch_buffer* out);

// --- For languages without protobuf ------------------------------------------

// `type` is a message of vouch.v1, "Observation" or "RecordPage"; JSON as in
// protobuf's own mapping: bytes in base64, 64-bit numbers as text. A field that
// the type does not have is MALFORMED. Gives a serialised message. Thread: any.
VOUCH_API vouch_error* vouch_message_from_json(vouch_slice type,
                                               vouch_slice json,
                                               vouch_buffer* out);
// Gives a text, names as in the .proto files. Thread: any.
VOUCH_API vouch_error* vouch_message_to_json(vouch_slice type,
                                             vouch_slice message,
                                             vouch_buffer* out);
// Writes a UUID, lower-case, and a byte 0. Thread: any.
VOUCH_API void vouch_id_format(const vouch_id* id, char out[37]);
// Reads a UUID, with or without dashes. Thread: any.
VOUCH_API vouch_error* vouch_id_parse(vouch_slice text, vouch_id* out);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // VOUCH_VOUCH_H_
