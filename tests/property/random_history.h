// A seeded random history of one record: two or three authors who see some of
// each other's work, over every merge class, with verdicts of Judge among them.
#ifndef VOUCH_TESTS_PROPERTY_RANDOM_HISTORY_H_
#define VOUCH_TESTS_PROPERTY_RANDOM_HISTORY_H_

#include <cstdint>
#include <deque>
#include <random>
#include <vector>

#include "tests/support/author.h"

namespace vouch::test {

inline constexpr size_t kHistoryChangesMax = 7;

class RandomHistory {
 public:
  explicit RandomHistory(uint64_t seed) : random_(seed) {
    size_t authors = 2 + Below(2);
    for (size_t i = 0; i < authors; ++i) {
      pens_.emplace_back(&history_, absl::StrCat("author ", i));
    }
    pens_[0].Create();
    for (Pen& pen : pens_) pen.Sees(pens_[0]);
    size_t size = kHistoryChangesMax - Below(3);
    bool sealed_life = Below(3) > 0;
    while (history_.folded.size() < size) {
      Pen& pen = pens_[Below(pens_.size())];
      if (Below(4) == 0) pen.Sees(pens_[Below(pens_.size())]);
      sealed_life ? ActOnSealed(&pen) : ActOnLiving(&pen);
      if (Below(6) == 0) {
        history_.Hold(history_.folded.back().hash, Reason::kRoleNotAllowed);
      }
      if (Below(12) == 0) history_.Erase(history_.folded.back().hash);
    }
  }
  // The pens point into it.
  RandomHistory(const RandomHistory&) = delete;
  RandomHistory& operator=(const RandomHistory&) = delete;

  const History& history() const { return history_; }

 private:
  size_t Below(size_t n) { return random_() % n; }

  // Some change that this pen was shown.
  Hash Known(const Pen& pen) {
    std::vector<size_t> known(pen.known().begin(), pen.known().end());
    return history_.folded[known[Below(known.size())]].hash;
  }
  std::string Text() { return absl::StrCat("t", Below(3)); }
  ElementId Some() { return Element(absl::StrCat("e", Below(2))); }

  void ActOnSealed(Pen* pen) {
    switch (Below(13)) {
      case 0:
      case 1:
        pen->Set(1, Text());
        break;
      case 2:
        pen->Block(7, Some(), std::nullopt, Text());
        break;
      case 3:
      case 4:
        pen->Seal();
        break;
      case 5:
        pen->Amend(1, Text());
        break;
      case 6:
        pen->Withdraw();
        break;
      case 7:
        pen->Countersign();
        break;
      case 8:
        pen->Adopt(Known(*pen));
        break;
      case 9:
        pen->Dismiss(Known(*pen));
        break;
      case 10:
        pen->Release(Known(*pen));
        break;
      case 11:
        pen->Discard();
        break;
      case 12:
        pen->Write({pen->Edit(MergeClass::kRegister, 1, {}, Text()),
                    pen->Edit(MergeClass::kTransition, 15, {}, Text())});
        break;
    }
  }

  void ActOnLiving(Pen* pen) {
    switch (Below(14)) {
      case 0:
        pen->Set(1, Text());
        break;
      case 1:
        pen->Set(1, std::nullopt);
        break;
      case 2:
        pen->Add(5, Some(), Text());
        break;
      case 3:
        pen->Remove(5, Some());
        break;
      case 4:
        pen->Block(7, Some(), Some(), Text());
        break;
      case 5:
        pen->Discard();
        break;
      case 6:
        pen->Revive(Known(*pen));
        break;
      case 7:
        pen->Move(15, Text());
        break;
      case 8:
      case 9:
        pen->Decide(Text());
        break;
      case 10:
        pen->TakeBack();
        break;
      case 11:
        pen->Release(Known(*pen));
        break;
      case 12:
        pen->Write({pen->Edit(MergeClass::kRegister, 2, {}, Text())},
                   {Known(*pen)});
        break;
      case 13:
        pen->Write({Pen::Draft(static_cast<MergeClass>(900 + Below(2)))});
        break;
    }
  }

  std::mt19937_64 random_;
  History history_;
  std::deque<Pen> pens_;
};

}  // namespace vouch::test

#endif  // VOUCH_TESTS_PROPERTY_RANDOM_HISTORY_H_
