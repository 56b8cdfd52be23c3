// What is behind a Client: the open store, the replica and their lock, and the
// steps that its functions share.
#ifndef VOUCH_CLIENT_LIB_SRC_CLIENT_IMPL_H_
#define VOUCH_CLIENT_LIB_SRC_CLIENT_IMPL_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client-lib/src/base_token.h"
#include "client-lib/src/live_queries.h"
#include "evidence/centre_catalogue.h"
#include "evidence/kinds.h"
#include "evidence/portfolio.h"
#include "storage/folder.h"
#include "storage/mutex.h"
#include "storage/replica/device.h"
#include "vouch/client.h"

namespace vouch {

// A record as a person saw it, and what its next change must say.
struct Shown {
  RecordView view;
  Base base;
  Hash creation;  // the change that made the record
};

class Client::Impl {
 public:
  static absl::StatusOr<std::unique_ptr<Impl>> Open(const OpenOptions& options);

  // Errors: MALFORMED unless 16 bytes.
  static absl::StatusOr<RecordId> RecordIdFrom(const Id& id);

  // The record at `base`, or as it is now if that is empty. Errors: NOT_FOUND,
  // MALFORMED.
  absl::StatusOr<Shown> Load(const Id& record, const BaseToken& base) const
      VOUCH_REQUIRES(mutex);
  // The change that made a record: of several the first, one in effect before
  // one that is not. NOT_FOUND.
  absl::StatusOr<Hash> CreationOf(const RecordId& record) const
      VOUCH_REQUIRES(mutex);

  // What a change on `shown` says besides its operations.
  static NewChange Draft(const Shown& shown,
                         std::vector<DraftOperation> operations);
  // Saves; returns the base after it. Without an operation nothing is saved.
  absl::StatusOr<BaseToken> Save(const Shown& shown, NewChange draft)
      VOUCH_REQUIRES(mutex);

  // One act, on the record at `base`.
  using Builder = std::function<absl::StatusOr<std::vector<DraftOperation>>(
      const RecordView&)>;
  absl::StatusOr<BaseToken> Act(const Id& record, const BaseToken& base,
                                const Builder& build);

  // The scope of a new record: that of the registration named, else of the one
  // its key leads to; the centre's for the centre's kinds.
  absl::StatusOr<ScopeId> ScopeForNew(const Kind& kind,
                                      const google::protobuf::Message& record,
                                      const RecordId& id,
                                      const Id& registration) const
      VOUCH_REQUIRES(mutex);

  // Fills in what a new verdict may leave out (see Client::AppendEntry).
  absl::Status FillEntry(const ScopeId& scope,
                         google::protobuf::Message* ledger) const
      VOUCH_REQUIRES(mutex);

  // Records for which `wanted` is true, in scope and id order.
  absl::StatusOr<std::vector<RecordSummaryRow>> Rows(
      const std::function<bool(const RecordSummaryRow&)>& wanted) const
      VOUCH_REQUIRES(mutex);
  absl::StatusOr<std::vector<RecordView>> Views(
      const std::function<bool(const RecordSummaryRow&)>& wanted) const
      VOUCH_REQUIRES(mutex);
  // Views of records with conflicts or held changes.
  absl::StatusOr<std::vector<RecordView>> ViewsNeedingAttention() const
      VOUCH_REQUIRES(mutex);
  absl::StatusOr<vouch::Record> Describe(const RecordSummaryRow& row) const
      VOUCH_REQUIRES(mutex);
  absl::StatusOr<LedgerNumbers> LedgerNow() const VOUCH_REQUIRES(mutex);
  absl::StatusOr<Enrolment> Enrol(const std::string& server,
                                  const std::string& code,
                                  std::chrono::milliseconds deadline);
  // Not under the lock.
  void Log(OpenOptions::Log level, const std::string& line) const {
    if (options.log) options.log(level, line);
  }
  // Where processes share the store, only one at a time uses the network.
  // STORE_LOCKED.
  absl::StatusOr<std::optional<FolderLock>> TakeNetworkTurn() const;
  // Takes the lock for each step on the store.
  absl::Status RunSession(const SyncOptions& sync, SyncReport* report);
  absl::Status Conclude(SyncReport* report) const VOUCH_REQUIRES(mutex);
  // Tells the live queries what has changed. Not under the lock; where another
  // thread is telling, that one goes on with it.
  void Tell();
  // The specifications of the centre, from the records held here. Valid until
  // the lock is released.
  absl::StatusOr<const CentreCatalogue*> Catalogue() const
      VOUCH_REQUIRES(mutex);
  // A CSV file of unit contents, against what the file of that version states:
  // what was loaded earlier may be corrected.
  absl::StatusOr<std::vector<v1::UnitContents>> ReadContents(
      const std::string& csv, const std::string& specification,
      uint32_t version) const VOUCH_REQUIRES(mutex);
  // A registration's portfolio as if it pinned `specification`.
  absl::StatusOr<vouch::Portfolio> PortfolioUnder(
      const Specification& specification, const RecordView& registration) const
      VOUCH_REQUIRES(mutex);
  // What moving a registration there would change.
  absl::StatusOr<v1::SpecificationMove> MoveOf(const RecordView& registration,
                                               const std::string& specification,
                                               uint32_t version,
                                               const std::string& reason) const
      VOUCH_REQUIRES(mutex);
  // Names of people as far as they are known here.
  std::string NameOfPerson(const PersonId& person) const VOUCH_REQUIRES(mutex);

  const OpenOptions options;
  const Clock* const clock;
  Random* const random;

  // The lock over the store, and the store open while it is held: throughout,
  // or where processes share it, from one call to the next. Only what its
  // status says is there may be used.
  class VOUCH_THREAD_ATTRIBUTE_(scoped_lockable) Access {
   public:
    explicit Access(const Impl* impl)
        VOUCH_THREAD_ATTRIBUTE_(acquire_capability(impl->mutex));
    ~Access() VOUCH_THREAD_ATTRIBUTE_(release_capability());
    Access(const Access&) = delete;
    Access& operator=(const Access&) = delete;
    // STORE_LOCKED: another process held it for longer than share_wait. And
    // those of Client::Open.
    const absl::Status& status() const { return status_; }

   private:
    const Impl* const impl_;
    absl::Status status_;
  };

  // Held while the network is used, so that one sync runs at a time.
  Mutex network_mutex;

  // Guards what is below; never held while waiting for the network.
  mutable Mutex mutex;
  mutable std::unique_ptr<Store> store VOUCH_GUARDED_BY(mutex);
  mutable std::unique_ptr<KeyRing> keys VOUCH_GUARDED_BY(mutex);
  mutable std::unique_ptr<Device> device VOUCH_GUARDED_BY(mutex);
  mutable std::optional<SealKey> master_key VOUCH_GUARDED_BY(mutex);
  // A shared store stays open: what a recovery has compared is in memory.
  bool pinned VOUCH_GUARDED_BY(mutex) = false;
  // Read when first asked for; dropped when a sync may have changed them.
  mutable std::optional<std::map<PersonId, std::string>> names
      VOUCH_GUARDED_BY(mutex);
  // Read when first asked for, and again when its records have changed.
  mutable std::unique_ptr<CentreCatalogue> catalogue VOUCH_GUARDED_BY(mutex);
  mutable std::string catalogue_of VOUCH_GUARDED_BY(mutex);
  mutable std::optional<Enrolment> enrolment VOUCH_GUARDED_BY(mutex);
  LiveQueries live VOUCH_GUARDED_BY(mutex);
  bool telling VOUCH_GUARDED_BY(mutex) = false;
  mutable bool tell_all VOUCH_GUARDED_BY(mutex) =
      false;  // some could not be read

 private:
  explicit Impl(const OpenOptions& options);
  absl::Status OpenStore() const VOUCH_REQUIRES(mutex);
  void CloseStore() const VOUCH_REQUIRES(mutex);
};

// Tells the live queries at the end of its scope. It stands before the lock, so
// that this is released by then.
class TellAfter {
 public:
  explicit TellAfter(Client::Impl* impl) : impl_(impl) {}
  ~TellAfter() { impl_->Tell(); }
  TellAfter(const TellAfter&) = delete;
  TellAfter& operator=(const TellAfter&) = delete;

 private:
  Client::Impl* const impl_;
};

}  // namespace vouch

#endif  // VOUCH_CLIENT_LIB_SRC_CLIENT_IMPL_H_
