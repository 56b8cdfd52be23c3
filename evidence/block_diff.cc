#include "evidence/block_diff.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "google/protobuf/unknown_field_set.h"
#include "sync/base/status.h"

namespace vouch {
namespace {

// The paragraph that a block's picked value holds; absent if it was removed.
std::optional<v1::Paragraph> ParagraphOf(const FieldView& block) {
  const std::string& value = block.heads.front().value;
  google::protobuf::UnknownFieldSet fields;
  if (!fields.ParseFromString(value) || fields.field_count() != 1 ||
      fields.field(0).type() !=
          google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
    return std::nullopt;
  }
  v1::Paragraph paragraph;
  if (!paragraph.ParseFromString(fields.field(0).length_delimited())) {
    return std::nullopt;
  }
  return paragraph;
}

bool Equal(const v1::Paragraph& a, const v1::Paragraph& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

// Which items of `positions` make a longest rising run; the others moved.
std::vector<bool> LongestRising(const std::vector<size_t>& positions) {
  std::vector<size_t> tails;  // indexes of the smallest end of each length
  std::vector<std::optional<size_t>> before(positions.size());
  for (size_t i = 0; i < positions.size(); ++i) {
    auto at = std::lower_bound(tails.begin(), tails.end(), positions[i],
                               [&](size_t tail, size_t position) {
                                 return positions[tail] < position;
                               });
    if (at != tails.begin()) before[i] = *(at - 1);
    if (at == tails.end()) {
      tails.push_back(i);
    } else {
      *at = i;
    }
  }
  std::vector<bool> rising(positions.size());
  if (tails.empty()) return rising;
  for (std::optional<size_t> i = tails.back(); i.has_value(); i = before[*i]) {
    rising[*i] = true;
  }
  return rising;
}

struct Shown {
  const FieldView* view;
  size_t position;
};

class ParagraphDiffer {
 public:
  ParagraphDiffer(absl::Span<const FieldView* const> shown,
                  std::vector<v1::Paragraph> edited, Random& random)
      : shown_(shown), edited_(std::move(edited)), random_(random) {
    for (size_t i = 0; i < shown.size(); ++i) {
      if (shown[i]->element) by_id_[*shown[i]->element] = {shown[i], i};
    }
  }

  absl::StatusOr<std::vector<BlockEdit>> Diff() {
    VOUCH_RETURN_IF_ERROR(NameParagraphs());
    Renew();
    std::vector<BlockEdit> edits;
    for (const FieldView* view : shown_) {
      if (!view->element || kept_.count(*view->element) > 0) continue;
      if (!ParagraphOf(*view).has_value()) continue;  // gone already
      edits.push_back({*view->element, view->heads.front().after, view, {}});
    }
    std::optional<ElementId> previous;
    for (v1::Paragraph& paragraph : edited_) {
      const ElementId id = *ElementId::FromBytes(paragraph.id());
      auto found = by_id_.find(id);
      if (found == by_id_.end()) {
        edits.push_back({id, previous, nullptr, std::move(paragraph)});
      } else {
        const FieldView* view = found->second.view;
        const auto before = ParagraphOf(*view);
        if (!before.has_value() || !Equal(*before, paragraph)) {
          edits.push_back(
              {id, view->heads.front().after, view, std::move(paragraph)});
        }
      }
      previous = id;
    }
    return edits;
  }

 private:
  absl::Status NameParagraphs() {
    std::set<std::string> ids;
    for (v1::Paragraph& paragraph : edited_) {
      if (paragraph.id().empty()) {
        paragraph.set_id(random_.Make<ElementId>().Bytes());
      }
      if (paragraph.id().size() != ElementId::kSize) {
        return Error(Reason::kMalformed, "a paragraph's id has 16 bytes");
      }
      if (!ids.insert(paragraph.id()).second) {
        return Error(Reason::kMalformed, "two paragraphs have the same id");
      }
    }
    return absl::OkStatus();
  }

  // Gives moved paragraphs a new id: they are written anew where they stand.
  void Renew() {
    std::vector<size_t> items, positions;
    for (size_t i = 0; i < edited_.size(); ++i) {
      auto found = by_id_.find(*ElementId::FromBytes(edited_[i].id()));
      if (found == by_id_.end()) continue;
      items.push_back(i);
      positions.push_back(found->second.position);
    }
    const std::vector<bool> rising = LongestRising(positions);
    for (size_t k = 0; k < items.size(); ++k) {
      v1::Paragraph& paragraph = edited_[items[k]];
      if (rising[k]) {
        kept_.insert(*ElementId::FromBytes(paragraph.id()));
      } else {
        paragraph.set_id(random_.Make<ElementId>().Bytes());
      }
    }
  }

  absl::Span<const FieldView* const> shown_;
  std::vector<v1::Paragraph> edited_;
  Random& random_;
  std::map<ElementId, Shown> by_id_;
  std::set<ElementId> kept_;
};

}  // namespace

absl::StatusOr<std::vector<BlockEdit>> DiffParagraphs(
    absl::Span<const FieldView* const> shown, std::vector<v1::Paragraph> edited,
    Random& random) {
  return ParagraphDiffer(shown, std::move(edited), random).Diff();
}

}  // namespace vouch
