#include "storage/persistent_map.h"

#include "absl/hash/hash.h"

namespace vouch {

PersistentMap::NodePtr::NodePtr(Node* fresh) : node_(fresh) {
  fresh->owners.store(1, std::memory_order_relaxed);
}

PersistentMap::NodePtr::NodePtr(const NodePtr& other) : node_(other.node_) {
  if (node_ != nullptr) node_->owners.fetch_add(1, std::memory_order_relaxed);
}

PersistentMap::NodePtr::~NodePtr() {
  if (node_ != nullptr &&
      node_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete node_;
  }
}

PersistentMap::Node* PersistentMap::NodePtr::Own() {
  if (node_->owners.load(std::memory_order_acquire) != 1) {
    auto copy = std::make_unique<Node>();
    copy->priority = node_->priority;
    copy->entry = node_->entry;
    copy->left = node_->left;
    copy->right = node_->right;
    *this = NodePtr(copy.release());
  }
  return node_;
}

PersistentMap::EntryPtr PersistentMap::Find(absl::string_view key) const {
  const Node* node = root_.get();
  while (node != nullptr) {
    const int order = key.compare(node->entry->key);
    if (order == 0) return node->entry;
    node = order < 0 ? node->left.get() : node->right.get();
  }
  return nullptr;
}

void PersistentMap::Put(EntryPtr entry) {
  const uint64_t priority = absl::Hash<absl::string_view>{}(entry->key);
  Insert(root_, std::move(entry), priority);
}

void PersistentMap::Erase(absl::string_view key) {
  // Looked up first: removing an absent key must not duplicate its path.
  if (Find(key) != nullptr) Remove(root_, key);
}

void PersistentMap::EraseRange(absl::string_view begin, absl::string_view end) {
  NodePtr before, range, after;
  Split(std::move(root_), begin, &before, &range);
  if (!end.empty()) Split(std::move(range), end, &range, &after);
  root_ = Merge(std::move(before), std::move(after));
}

void PersistentMap::Scan(absl::string_view begin, absl::string_view end,
                         Visitor visit) const {
  Walk(root_.get(), begin, end, visit);
}

void PersistentMap::ScanReverse(absl::string_view begin, absl::string_view end,
                                Visitor visit) const {
  WalkBack(root_.get(), begin, end, visit);
}

// A key that is in the tree has the priority it had when it came, so it cannot
// lie below a node of a lesser one: where the new node takes a subtree's place,
// the subtree does not hold its key.
void PersistentMap::Insert(NodePtr& tree, EntryPtr entry, uint64_t priority) {
  if (!tree || tree->priority < priority) {
    auto node = std::make_unique<Node>();
    node->priority = priority;
    node->entry = std::move(entry);
    Split(std::move(tree), node->entry->key, &node->left, &node->right);
    tree = NodePtr(node.release());
    return;
  }
  Node* node = tree.Own();
  const int order = entry->key.compare(node->entry->key);
  if (order == 0) {
    node->entry = std::move(entry);
  } else {
    Insert(order < 0 ? node->left : node->right, std::move(entry), priority);
  }
}

void PersistentMap::Remove(NodePtr& tree, absl::string_view key) {
  Node* node = tree.Own();
  const int order = key.compare(node->entry->key);
  if (order == 0) {
    tree = Merge(std::move(node->left), std::move(node->right));
  } else {
    Remove(order < 0 ? node->left : node->right, key);
  }
}

void PersistentMap::Split(NodePtr tree, absl::string_view key, NodePtr* less,
                          NodePtr* rest) {
  if (!tree) {
    *less = NodePtr();
    *rest = NodePtr();
    return;
  }
  Node* node = tree.Own();
  if (node->entry->key < key) {
    Split(std::move(node->right), key, &node->right, rest);
    *less = std::move(tree);
  } else {
    Split(std::move(node->left), key, less, &node->left);
    *rest = std::move(tree);
  }
}

PersistentMap::NodePtr PersistentMap::Merge(NodePtr low, NodePtr high) {
  if (!low) return high;
  if (!high) return low;
  if (low->priority >= high->priority) {
    Node* node = low.Own();
    node->right = Merge(std::move(node->right), std::move(high));
    return low;
  }
  Node* node = high.Own();
  node->left = Merge(std::move(low), std::move(node->left));
  return high;
}

bool PersistentMap::Walk(const Node* node, absl::string_view begin,
                         absl::string_view end, Visitor visit) {
  if (node == nullptr) return true;
  const bool from = node->entry->key >= begin;
  const bool below = end.empty() || node->entry->key < end;
  if (from && !Walk(node->left.get(), begin, end, visit)) return false;
  if (from && below && !visit(*node->entry)) return false;
  return !below || Walk(node->right.get(), begin, end, visit);
}

bool PersistentMap::WalkBack(const Node* node, absl::string_view begin,
                             absl::string_view end, Visitor visit) {
  if (node == nullptr) return true;
  const bool from = node->entry->key >= begin;
  const bool below = end.empty() || node->entry->key < end;
  if (below && !WalkBack(node->right.get(), begin, end, visit)) return false;
  if (from && below && !visit(*node->entry)) return false;
  return !from || WalkBack(node->left.get(), begin, end, visit);
}

}  // namespace vouch
