// Vectors of the fold: histories with what every replica must derive.
#include <map>
#include <string>
#include <vector>

#include "sync/core/fold.h"
#include "tests/support/author.h"
#include "tests/vectors/vectors.h"

namespace vouch::test {
namespace {

Json NameJson(const Hash& change, uint32_t operation) {
  return Json::List({Json::Of(change), Json::Number(operation)});
}

Json HeadsJson(const std::vector<ValueHead>& heads) {
  std::vector<Json> names;
  for (const ValueHead& h : heads) {
    names.push_back(NameJson(h.change, h.operation));
  }
  return Json::List(names);
}

Json FoldJson(const std::string& name, const History& history) {
  RecordView view = history.Fold();
  std::vector<Json> changes, fields, conflicts, held, late;
  for (const FoldChange& c : history.folded) {
    std::vector<Json> values;
    for (const std::string& value : c.values) {
      values.push_back(Json::Bytes(value));
    }
    changes.push_back(Json::Object(
        {{"core", Json::Bytes(EncodeCore(c.core))},
         {"values", Json::List(values)},
         {"quarantined", Json::Bool(c.disposition.quarantined)},
         {"reason", Json::Number(static_cast<int>(c.disposition.reason))}}));
  }
  for (const FieldView& f : view.fields) {
    fields.push_back(Json::Object(
        {{"element", Json::Bytes(f.element ? f.element->view() : "")},
         {"contested", Json::Bool(f.contested)},
         {"heads", HeadsJson(f.heads)}}));
  }
  for (const ConflictView& c : view.conflicts) {
    conflicts.push_back(
        Json::Object({{"kind", Json::Number(static_cast<int>(c.kind))},
                      {"version", Json::Of(c.version)},
                      {"heads", HeadsJson(c.heads)}}));
  }
  for (const HeldChange& h : view.held) held.push_back(Json::Of(h.change));
  for (const LateAmendment& l : view.late_amendments) {
    late.push_back(Json::Of(l.change));
  }
  return Json::Object({{"name", Json::Text(name)},
                       {"changes", Json::List(changes)},
                       {"state", Json::Number(static_cast<int>(view.state))},
                       {"fields", Json::List(fields)},
                       {"ledger_heads", HeadsJson(view.ledger_heads)},
                       {"conflicts", Json::List(conflicts)},
                       {"held", Json::List(held)},
                       {"late_amendments", Json::List(late)},
                       {"content_digest", Json::Of(view.content_digest)},
                       {"state_hash", Json::Of(view.state_hash)}});
}

Json Draft() {
  History history;
  Pen ann(&history, "ann"), bob(&history, "bob");
  ann.Create();
  ann.Set(1, "base");
  ann.Block(7, Element("one"), {}, "One.");
  bob.Sees(ann);
  ann.Set(1, "ann's");
  bob.Set(1, "bob's");
  bob.Block(7, Element("two"), Element("one"), "Two.");
  ann.Block(7, Element("one"), {}, "One, edited.");
  return FoldJson("a draft edited apart", history);
}

Json Sealed() {
  History history;
  Pen ann(&history, "ann"), bob(&history, "bob");
  ann.Create();
  ann.Set(1, "signed");
  bob.Sees(ann);
  ann.Seal();
  bob.Set(1, "late");
  history.Hold(ann.Set(2, "illegal"), Reason::kRecordSealed);
  return FoldJson("sealed beside an edit, with a held one", history);
}

Json Ledger() {
  History history;
  Pen ann(&history, "ann"), bob(&history, "bob");
  ann.Create();
  bob.Sees(ann);
  ann.Decide("competent");
  bob.Decide("not yet");
  return FoldJson("a contested ledger", history);
}

Json ScopeState() {
  std::vector<Json> records;
  ScopeStateHasher hasher;
  for (const char* name : {"a", "b"}) {
    RecordId record = IdOf<RecordId>(name);
    Hash state = IdOf<Hash>(name);
    records.push_back(Json::List({Json::Of(record), Json::Of(state)}));
    hasher.Add(record, state);
  }
  return Json::Object({{"records", Json::List(records)},
                       {"scope_state", Json::Of(hasher.Finish())}});
}

}  // namespace

Json FoldVectors() {
  return Json::Object({{"records", Json::List({Draft(), Sealed(), Ledger()})},
                       {"scope", ScopeState()}});
}

std::map<std::string, std::string> MakeVectors() {
  return {{"primitives.json", PrimitiveVectors().text() + "\n"},
          {"core.json", CoreVectors().text() + "\n"},
          {"payload.json", PayloadVectors().text() + "\n"},
          {"segment.json", SegmentVectors().text() + "\n"},
          {"log.json", LogVectors().text() + "\n"},
          {"merkle.json", MerkleVectors().text() + "\n"},
          {"sealed.json", SealedVectors().text() + "\n"},
          {"fold.json", FoldVectors().text() + "\n"}};
}

}  // namespace vouch::test
