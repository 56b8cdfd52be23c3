// The proof verifiers against a tree they are told about: a proof is accepted
// only if it is the one true proof, and never for another root, size or leaf.
#include "absl/strings/str_cat.h"
#include "sync/core/merkle.h"
#include "tests/fuzz/fuzz_input.h"

namespace vouch {
namespace {

constexpr size_t kLeavesMax = 300;

// All nodes of one tree, made once.
class Tree : public HashReader {
 public:
  Tree() {
    levels_.emplace_back();
    for (size_t i = 0; i < kLeavesMax; ++i) {
      levels_[0].push_back(LeafHash(absl::StrCat("leaf ", i)));
    }
    while (levels_.back().size() > 1) {
      const std::vector<Hash>& below = levels_.back();
      std::vector<Hash> level;
      for (size_t i = 0; i + 1 < below.size(); i += 2) {
        level.push_back(NodeHash(below[i], below[i + 1]));
      }
      levels_.push_back(std::move(level));
    }
  }

  absl::StatusOr<Hash> Node(int level, uint64_t index) const override {
    if (static_cast<size_t>(level) >= levels_.size() ||
        index >= levels_[level].size()) {
      return Error(Reason::kNotFound, "beyond the tree");
    }
    return levels_[level][index];
  }

 private:
  std::vector<std::vector<Hash>> levels_;
};

// The true proof, or one altered as the input says.
std::vector<Hash> Altered(std::vector<Hash> proof, fuzz::Input& in) {
  for (size_t edits = in.Below(4); edits > 0; --edits) {
    size_t at = in.Below(proof.size() + 1);
    switch (in.Below(5)) {
      case 0:
        proof.insert(proof.begin() + at, in.Make<Hash>());
        break;
      case 1:
        if (at < proof.size()) proof.erase(proof.begin() + at);
        break;
      case 2:
        if (at < proof.size()) proof[at].data()[in.Below(32)] ^= in.Byte();
        break;
      case 3:
        if (at < proof.size()) std::swap(proof[at], proof.back());
        break;
      case 4:
        if (at < proof.size()) proof.push_back(proof[at]);
        break;
    }
  }
  return proof;
}

Hash Other(Hash hash, fuzz::Input& in) {
  uint8_t mask = in.Byte();
  hash.data()[in.Below(32)] ^= mask == 0 ? 1 : mask;
  return hash;
}

void CheckConsistency(const Tree& tree, fuzz::Input& in) {
  uint64_t to = in.Below(kLeavesMax + 1);
  uint64_t from = in.Below(to + 1);
  Hash old_root = *RootAt(tree, from);
  Hash new_root = *RootAt(tree, to);
  const std::vector<Hash> truth = *ConsistencyProof(tree, from, to);
  const std::vector<Hash> proof = Altered(truth, in);
  auto accepts = [&](const Hash& a, const Hash& b) {
    absl::Status status = VerifyConsistency(from, a, to, b, proof);
    fuzz::MustBeTyped(status);
    return status.ok();
  };
  VOUCH_CHECK(accepts(old_root, new_root) == (proof == truth));
  // Nothing is shown of a tree that extends the empty one.
  if (from > 0) VOUCH_CHECK(!accepts(old_root, Other(new_root, in)));
  VOUCH_CHECK(!accepts(Other(old_root, in), new_root));
}

void CheckInclusion(const Tree& tree, fuzz::Input& in) {
  uint64_t to = 1 + in.Below(kLeavesMax);
  uint64_t index = in.Below(to);
  Hash root = *RootAt(tree, to);
  Hash leaf = *tree.Node(0, index);
  const std::vector<Hash> truth = *InclusionProof(tree, index, to);
  const std::vector<Hash> proof = Altered(truth, in);
  auto accepts = [&](const Hash& of, const Hash& in_root) {
    absl::Status status = VerifyInclusion(of, index, to, proof, in_root);
    fuzz::MustBeTyped(status);
    return status.ok();
  };
  VOUCH_CHECK(accepts(leaf, root) == (proof == truth));
  VOUCH_CHECK(!accepts(leaf, Other(root, in)));
  VOUCH_CHECK(!accepts(Other(leaf, in), root));
}

// Sizes that no tree of ours has, and hashes that the input makes up: it may
// well make up a tree. What is accepted then is a proof of that one root only.
void CheckAnySizes(fuzz::Input& in) {
  uint64_t from = in.Number();
  uint64_t to = in.Number();
  Hash a = in.Make<Hash>();
  Hash b = in.Make<Hash>();
  std::vector<Hash> proof(in.Below(130));
  for (Hash& hash : proof) hash = in.Make<Hash>();
  auto included = [&](const Hash& leaf, const Hash& root) {
    absl::Status status = VerifyInclusion(leaf, from, to, proof, root);
    fuzz::MustBeTyped(status);
    return status.ok();
  };
  auto extends = [&](const Hash& before, const Hash& after) {
    absl::Status status = VerifyConsistency(from, before, to, after, proof);
    fuzz::MustBeTyped(status);
    return status.ok();
  };
  if (included(a, b)) {
    VOUCH_CHECK(from < to && proof.size() <= 64);
    VOUCH_CHECK(!included(a, Other(b, in)) && !included(Other(a, in), b));
    VOUCH_CHECK(to > 1 || a == b);
  }
  if (extends(a, b)) {
    VOUCH_CHECK(from <= to && proof.size() <= 65);
    VOUCH_CHECK(!extends(Other(a, in), b));
    VOUCH_CHECK(from == 0 ? a == EmptyRoot() : !extends(a, Other(b, in)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Tree* tree = new Tree;
  fuzz::Input in(data, size);
  switch (in.Below(3)) {
    case 0:
      CheckConsistency(*tree, in);
      break;
    case 1:
      CheckInclusion(*tree, in);
      break;
    case 2:
      CheckAnySizes(in);
      break;
  }
  return 0;
}

}  // namespace vouch
