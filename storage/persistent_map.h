// An ordered map of byte strings whose copies cost nothing: a copy shares all
// nodes, and a write to one of two copies first duplicates the few nodes on its
// path. The memory engine's snapshots, crash states and cloned disks are such
// copies.
//
//   PersistentMap now;
//   now.Put(std::make_shared<PersistentMap::Entry>(…));
//   PersistentMap then = now;      // O(1)
//   now.Erase("key");              // `then` still has it
//
// A treap: its priorities are hashes of the keys, so the expected depth is
// logarithmic whatever the order of writes. One map is for one thread at a
// time; copies may be used and dropped on other threads.
#ifndef VOUCH_STORAGE_PERSISTENT_MAP_H_
#define VOUCH_STORAGE_PERSISTENT_MAP_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace vouch {

class PersistentMap {
 public:
  struct Entry {
    std::string key;
    std::string value;
    uint64_t checksum;  // of the value, kept for the caller
  };
  using EntryPtr = std::shared_ptr<const Entry>;

  // Null if there is no such key.
  EntryPtr Find(absl::string_view key) const;
  // Replaces an entry with the same key.
  void Put(EntryPtr entry);
  void Erase(absl::string_view key);
  // [begin, end); an empty end means the map's end.
  void EraseRange(absl::string_view begin, absl::string_view end);

  // In key order (or, reversed, in falling order) until `visit` returns false.
  using Visitor = absl::FunctionRef<bool(const Entry&)>;
  void Scan(absl::string_view begin, absl::string_view end,
            Visitor visit) const;
  void ScanReverse(absl::string_view begin, absl::string_view end,
                   Visitor visit) const;

 private:
  struct Node;

  // Counts owners itself: "am I the only one?" must be an acquiring read,
  // which std::shared_ptr::use_count is not.
  class NodePtr {
   public:
    NodePtr() = default;
    explicit NodePtr(Node* fresh);
    NodePtr(const NodePtr& other);
    NodePtr(NodePtr&& other) noexcept
        : node_(std::exchange(other.node_, nullptr)) {}
    NodePtr& operator=(NodePtr other) noexcept {
      std::swap(node_, other.node_);
      return *this;
    }
    ~NodePtr();

    explicit operator bool() const { return node_ != nullptr; }
    const Node* operator->() const { return node_; }
    const Node* get() const { return node_; }
    // The node, duplicated first if another map shares it.
    Node* Own();

   private:
    Node* node_ = nullptr;
  };

  struct Node {
    std::atomic<uint32_t> owners{0};
    uint64_t priority = 0;
    EntryPtr entry;
    NodePtr left;
    NodePtr right;
  };

  static void Insert(NodePtr& tree, EntryPtr entry, uint64_t priority);
  static void Remove(NodePtr& tree, absl::string_view key);
  static void Split(NodePtr tree, absl::string_view key, NodePtr* less,
                    NodePtr* rest);
  static NodePtr Merge(NodePtr low, NodePtr high);
  static bool Walk(const Node* node, absl::string_view begin,
                   absl::string_view end, Visitor visit);
  static bool WalkBack(const Node* node, absl::string_view begin,
                       absl::string_view end, Visitor visit);

  NodePtr root_;
};

}  // namespace vouch

#endif  // VOUCH_STORAGE_PERSISTENT_MAP_H_
