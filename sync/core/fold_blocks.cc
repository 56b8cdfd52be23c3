#include "sync/core/fold_blocks.h"

#include <algorithm>
#include <tuple>

namespace vouch {

void BlockOrder::Add(const std::vector<uint32_t>& path, const Operation& op,
                     uint64_t hlc, const Hash& change) {
  if (!op.element.has_value()) return;
  Placed placed{*op.element, op.after, hlc, change};
  auto [at, fresh] = paths_[path].try_emplace(*op.element, placed);
  if (!fresh &&
      std::tie(hlc, change) < std::tie(at->second.hlc, at->second.change)) {
    at->second = placed;
  }
}

std::map<ElementId, size_t> BlockOrder::Positions(
    const std::map<ElementId, Placed>& blocks) const {
  std::map<std::optional<ElementId>, std::vector<const Placed*>> children;
  for (const auto& [id, placed] : blocks) {
    children[placed.after].push_back(&placed);
  }
  for (auto& [after, list] : children) {
    std::sort(list.begin(), list.end(), [](const Placed* a, const Placed* b) {
      return std::tie(a->hlc, a->change) > std::tie(b->hlc, b->change);
    });
  }
  std::map<ElementId, size_t> positions;
  auto walk = [&](std::optional<ElementId> root) {
    std::vector<std::optional<ElementId>> stack = {root};
    while (!stack.empty()) {
      std::optional<ElementId> at = stack.back();
      stack.pop_back();
      if (at.has_value()) {
        if (positions.count(*at) > 0) continue;
        positions[*at] = positions.size();
      }
      auto found = children.find(at);
      if (found == children.end()) continue;
      for (auto it = found->second.rbegin(); it != found->second.rend(); ++it) {
        stack.push_back((*it)->block);
      }
    }
  };
  walk(std::nullopt);
  // A block whose predecessor is not held here (or stands in a circle that a
  // faulty author made) is still shown: at the end, oldest first.
  std::vector<const Placed*> rest;
  for (const auto& [id, placed] : blocks) {
    if (positions.count(id) == 0) rest.push_back(&placed);
  }
  std::sort(rest.begin(), rest.end(), [](const Placed* a, const Placed* b) {
    return std::tie(a->hlc, a->change) < std::tie(b->hlc, b->change);
  });
  for (const Placed* placed : rest) walk(placed->block);
  return positions;
}

void BlockOrder::Sort(std::vector<FieldView>* fields) const {
  auto begin = fields->begin();
  while (begin != fields->end()) {
    auto end = begin;
    while (end != fields->end() && end->path == begin->path) ++end;
    auto blocks = paths_.find(begin->path);
    std::map<ElementId, size_t> positions;
    if (blocks != paths_.end()) positions = Positions(blocks->second);
    std::stable_sort(begin, end, [&](const FieldView& a, const FieldView& b) {
      size_t pa = 0, pb = 0;
      if (a.element && positions.count(*a.element)) {
        pa = positions.at(*a.element) + 1;
      }
      if (b.element && positions.count(*b.element)) {
        pb = positions.at(*b.element) + 1;
      }
      const ValueHead& ha = a.heads.front();
      const ValueHead& hb = b.heads.front();
      return std::tie(pa, ha.hlc, ha.change, ha.operation) <
             std::tie(pb, hb.hlc, hb.change, hb.operation);
    });
    begin = end;
  }
}

}  // namespace vouch
