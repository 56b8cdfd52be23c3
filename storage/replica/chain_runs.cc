#include "storage/replica/chain_runs.h"

#include "storage/replica/keys.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

absl::Status Damaged() {
  return Error(Reason::kStoreCorrupted,
               "a value of family chain is not readable");
}

// device ‖ incarnation: every run of a chain.
std::string AllRuns(const DeviceId& device, const Incarnation& incarnation) {
  return absl::StrCat(device.view(), incarnation.view());
}

// The first change of the run that `begin` or a later key is in.
absl::StatusOr<std::optional<Run>> FirstFrom(const Reader& reader,
                                             absl::string_view begin,
                                             absl::string_view end) {
  std::optional<Run> run;
  bool damaged = false;
  VOUCH_RETURN_IF_ERROR(
      reader.Scan(Family::kChain, begin, end,
                  [&](absl::string_view key, absl::string_view value) {
                    auto at = CoordinateOfKey(key);
                    auto row = DecodeChainRow(value);
                    damaged = !at.has_value() || !row.has_value();
                    if (damaged) return false;
                    auto core = DecodeCore(row->core_bytes);
                    damaged = !core.ok();
                    if (!damaged) run = Run{*at, core->previous};
                    return false;
                  }));
  if (damaged) return Damaged();
  return run;
}

// The run that holds this change; run zero has first.branch zero.
absl::StatusOr<std::optional<Run>> RunHolding(const ChangeStore& changes,
                                              const Reader& reader,
                                              Coordinate at, const Hash& hash) {
  at.branch = Hash();
  VOUCH_ASSIGN_OR_RETURN(auto held, changes.GetChangeHash(reader, at));
  if (held.has_value() && *held == hash) {
    return std::optional<Run>(Run{at, Hash()});
  }
  VOUCH_ASSIGN_OR_RETURN(auto runs,
                         ListRuns(reader, at.device, at.incarnation));
  for (const Run& run : runs) {
    if (run.first.seq > at.seq) continue;
    at.branch = run.first.branch;
    VOUCH_ASSIGN_OR_RETURN(held, changes.GetChangeHash(reader, at));
    if (held.has_value() && *held == hash) return std::optional<Run>(run);
  }
  return std::optional<Run>();
}

}  // namespace

absl::StatusOr<std::vector<Run>> ListRuns(const Reader& reader,
                                          const DeviceId& device,
                                          const Incarnation& incarnation) {
  std::vector<Run> runs;
  const std::string end = PrefixEnd(AllRuns(device, incarnation));
  std::string begin = PrefixEnd(ChainPrefix(device, incarnation));
  while (true) {
    VOUCH_ASSIGN_OR_RETURN(auto run, FirstFrom(reader, begin, end));
    if (!run.has_value()) return runs;
    if (runs.size() == kRunsMax) {
      return Error(Reason::kTooLarge, "a chain is in over 4096 pieces");
    }
    runs.push_back(*run);
    begin = PrefixEnd(ChainPrefix(device, incarnation, run->first.branch));
  }
}

absl::StatusOr<ChangeStore::Head> ContiguousHead(
    const ChangeStore& changes, const Reader& reader, const DeviceId& device,
    const Incarnation& incarnation) {
  VOUCH_ASSIGN_OR_RETURN(auto head,
                         changes.ChainHead(reader, device, incarnation));
  VOUCH_ASSIGN_OR_RETURN(auto runs, ListRuns(reader, device, incarnation));
  // Each step goes on in another run, so it ends.
  for (size_t step = 0; step < runs.size(); ++step) {
    const uint64_t before = head.seq;
    for (const Run& run : runs) {
      if (run.first.seq != head.seq + 1 || run.previous != head.hash) continue;
      VOUCH_ASSIGN_OR_RETURN(
          head,
          changes.ChainHead(reader, device, incarnation, run.first.branch));
      break;
    }
    if (head.seq == before) break;
  }
  return head;
}

absl::StatusOr<std::optional<Hash>> HashInBranch(const ChangeStore& changes,
                                                 const Reader& reader,
                                                 const SegmentHeader& header,
                                                 uint64_t seq) {
  if (seq == 0 || seq >= header.first_seq) return std::optional<Hash>();
  Coordinate at{header.device(), header.incarnation, Hash(),
                header.first_seq - 1};
  VOUCH_ASSIGN_OR_RETURN(auto run,
                         RunHolding(changes, reader, at, header.previous));
  // What the segment follows may still be on its way into run zero.
  if (!run.has_value()) run = Run{at, Hash()};
  // Downwards, run by run; each begins below the one before.
  while (run.has_value() && !run->first.branch.IsZero() &&
         seq < run->first.seq) {
    at.seq = run->first.seq - 1;
    VOUCH_ASSIGN_OR_RETURN(run, RunHolding(changes, reader, at, run->previous));
  }
  if (!run.has_value()) return std::optional<Hash>();
  at.branch = run->first.branch;
  at.seq = seq;
  return changes.GetChangeHash(reader, at);
}

absl::StatusOr<std::vector<Coordinate>> PlacesOf(const ChangeStore& changes,
                                                 const Reader& reader,
                                                 const SegmentHeader& header,
                                                 const Coordinate& first) {
  std::vector<Coordinate> places(header.count, first);
  const size_t begin = first.seq - header.first_seq;
  for (size_t i = begin; i < places.size(); ++i) {
    places[i].seq = header.first_seq + i;
  }
  for (size_t i = begin; i > 0; --i) {
    auto bytes = reader.Get(Family::kChain, ChainKey(places[i]));
    if (absl::IsNotFound(bytes.status())) return Damaged();
    VOUCH_RETURN_IF_ERROR(bytes.status());
    auto row = DecodeChainRow(*bytes);
    if (!row.has_value()) return Damaged();
    auto core = DecodeCore(row->core_bytes);
    if (!core.ok()) return Damaged();
    Coordinate before = places[i];
    --before.seq;
    VOUCH_ASSIGN_OR_RETURN(auto run,
                           RunHolding(changes, reader, before, core->previous));
    if (!run.has_value()) return Damaged();
    before.branch = run->first.branch;
    places[i - 1] = before;
  }
  return places;
}

absl::StatusOr<bool> HoldsPrevious(const ChangeStore& changes,
                                   const Reader& reader,
                                   const SegmentHeader& header) {
  if (header.first_seq == 1) return true;
  Coordinate before{header.device(), header.incarnation, Hash(),
                    header.first_seq - 1};
  VOUCH_ASSIGN_OR_RETURN(auto run,
                         RunHolding(changes, reader, before, header.previous));
  return run.has_value();
}

absl::StatusOr<std::vector<ChainFault>> ListChainFaults(
    const ChangeStore& changes, const Reader& reader, const DeviceId& device) {
  std::vector<ChainFault> faults;
  const std::string end = PrefixEnd(device.view());
  std::string begin(device.view());
  while (true) {
    VOUCH_ASSIGN_OR_RETURN(auto first, FirstFrom(reader, begin, end));
    if (!first.has_value()) return faults;
    const Incarnation incarnation = first->first.incarnation;
    VOUCH_ASSIGN_OR_RETURN(auto runs, ListRuns(reader, device, incarnation));
    for (const Run& run : runs) {
      Coordinate beside = run.first;
      beside.branch = Hash();
      if (run.first.seq > 1) {
        Coordinate before = run.first;
        --before.seq;
        VOUCH_ASSIGN_OR_RETURN(
            auto parent, RunHolding(changes, reader, before, run.previous));
        if (!parent.has_value()) {
          faults.push_back({run.first, /*fork=*/false});
          continue;
        }
        beside.branch = parent->first.branch;
      }
      // It follows another run; that one may go on beside it, or end there.
      VOUCH_ASSIGN_OR_RETURN(auto hash, changes.GetChangeHash(reader, beside));
      if (hash.has_value()) faults.push_back({run.first, /*fork=*/true});
    }
    begin = PrefixEnd(AllRuns(device, incarnation));
    if (begin.empty()) return faults;
  }
}

absl::StatusOr<ChangeStore::Head> ChainRuns::HeadOf(const SegmentHeader& header,
                                                    const Hash& branch) {
  std::string key = ChainPrefix(header.device(), header.incarnation, branch);
  auto cached = heads_.find(key);
  if (cached != heads_.end()) return cached->second;
  VOUCH_ASSIGN_OR_RETURN(auto head,
                         changes_->ChainHead(*reader_, header.device(),
                                             header.incarnation, branch));
  heads_[std::move(key)] = head;
  return head;
}

absl::StatusOr<bool> ChainRuns::InPieces(const SegmentHeader& header) {
  std::string key = AllRuns(header.device(), header.incarnation);
  auto cached = in_pieces_.find(key);
  if (cached != in_pieces_.end()) return cached->second;
  VOUCH_ASSIGN_OR_RETURN(
      auto runs, ListRuns(*reader_, header.device(), header.incarnation));
  in_pieces_[std::move(key)] = !runs.empty();
  return !runs.empty();
}

// Whether nothing stands in its place, and what stands beside it goes with it.
absl::StatusOr<bool> ChainRuns::FitsRunZero(const SegmentHeader& header) const {
  Coordinate at{header.device(), header.incarnation, Hash(), header.first_seq};
  for (; at.seq < header.end_seq(); ++at.seq) {
    if (written_.contains(ChainKey(at))) return false;
    VOUCH_ASSIGN_OR_RETURN(auto held, changes_->GetChangeHash(*reader_, at));
    if (held.has_value()) return false;
  }
  at.seq = header.first_seq - 1;
  VOUCH_ASSIGN_OR_RETURN(auto before, changes_->GetChangeHash(*reader_, at));
  return !before.has_value() || *before == header.previous;
}

absl::StatusOr<ChainRuns::Place> ChainRuns::PlaceOf(const Segment& segment) {
  const SegmentHeader& header = segment.header;
  VOUCH_ASSIGN_OR_RETURN(auto head, HeadOf(header, Hash()));
  VOUCH_ASSIGN_OR_RETURN(bool in_pieces, InPieces(header));
  if (!in_pieces && header.first_seq == head.seq + 1 &&
      header.previous == head.hash) {
    return Place{Hash(), Held::kNot, /*linked=*/true};
  }
  const bool holes = holes_ == Holes::kAreNormal;
  if (holes && !in_pieces && header.first_seq > head.seq + 1) {
    return Place{Hash(), Held::kNot, /*linked=*/true};
  }
  const Hash& first = segment.changes.front().hash;
  VOUCH_ASSIGN_OR_RETURN(auto held, find_(first));
  VOUCH_ASSIGN_OR_RETURN(auto last, find_(header.head));
  if (held.has_value() && last.has_value() && held->branch == last->branch) {
    return Place{held->branch, Held::kWhole, /*linked=*/true};
  }
  Place place;
  place.held =
      held.has_value() || last.has_value() ? Held::kPartly : Held::kNot;
  place.linked = header.first_seq == 1;
  if (place.linked && place.held == Held::kNot && head.seq == 0) return place;
  if (!place.linked) {
    VOUCH_ASSIGN_OR_RETURN(auto before, find_(header.previous));
    place.linked = before.has_value();
    if (place.linked && place.held == Held::kNot) {
      VOUCH_ASSIGN_OR_RETURN(auto end, HeadOf(header, before->branch));
      if (end.hash == header.previous) {
        place.branch = before->branch;
        return place;
      }
    }
  }
  if (holes && place.held == Held::kNot) {
    VOUCH_ASSIGN_OR_RETURN(bool fits, FitsRunZero(header));
    if (fits) return place;
  }
  // A run of its own. Nothing is ever written over: where a run of that name
  // goes on otherwise, it gets another.
  VOUCH_ASSIGN_OR_RETURN(auto taken, HeadOf(header, first));
  place.branch = taken.seq == 0 ? first : header.head;
  return place;
}

void ChainRuns::Add(const SegmentHeader& header, const Hash& branch) {
  if (!branch.IsZero()) {
    in_pieces_[AllRuns(header.device(), header.incarnation)] = true;
  }
  if (holes_ == Holes::kAreNormal) {
    Coordinate at{header.device(), header.incarnation, branch,
                  header.first_seq};
    for (; at.seq < header.end_seq(); ++at.seq) written_.insert(ChainKey(at));
  }
  // What was here before may reach further.
  ChangeStore::Head& head =
      heads_[ChainPrefix(header.device(), header.incarnation, branch)];
  if (header.end_seq() - 1 <= head.seq) return;
  head = {header.end_seq() - 1, header.head};
}

void ChainRuns::Clear() {
  heads_.clear();
  in_pieces_.clear();
  written_.clear();
}

}  // namespace vouch
