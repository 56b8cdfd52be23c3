// An enrolled tablet that lies. Its certificate is good, so whatever it signs
// is its own word: it equivocates, back-dates, names what is not its to name,
// claims what it has not seen, sends garbage and sends without end. The others
// must not notice, and nothing of it takes effect beyond its person's grants
// (which VerdictWatch holds the log to).
#ifndef VOUCH_TESTS_SIM_BYZANTINE_H_
#define VOUCH_TESTS_SIM_BYZANTINE_H_

#include <optional>
#include <string>
#include <vector>

#include "storage/replica/chain_writer.h"
#include "tests/sim/centre_node.h"

namespace vouch::sim {

class Byzantine : public DeviceEnd {
 public:
  // `index`: of its place in the network.
  Byzantine(const Context& context, size_t index, uint64_t seed,
            Network* network, CentreNode* centre);

  // As a candidate of that team.
  void Enrol(Centre& centre, Roster* roster, Places* team);
  // One more trick.
  void Act(SimRandom* random);
  uint64_t acts() const { return acts_; }

  void OnResponse(StreamId stream, v1::SyncResponse message) override;
  void OnStreamEnded(StreamId stream) override {}
  DeviceId peer() const override { return writer_->device(); }
  bool Sees(const ScopeId& scope) const override;

 private:
  // A lie as a change: past, values, person, scope and times are made up.
  std::string Lie(ChainWriter* writer);
  NewChange Draft();
  Hash AnyChange();
  // Its chain as the centre holds it, so that a lie is a next change.
  bool CatchUp();
  v1::SyncRequest Greeting();
  v1::SyncRequest FalseGreeting();
  std::string Garbage();
  void Push(std::vector<std::string> segments);
  void Flood();
  void Oversize();
  void OutOfOrder();

  const Context context_;
  const size_t index_;
  SimRandom random_;
  Network* const network_;
  CentreNode* const centre_;
  Places* team_ = nullptr;
  std::optional<ChainWriter> writer_;
  std::vector<ChainWriter> earlier_;  // to fork from
  std::string last_wire_;
  bool greedy_ = false;  // asks for more with every answer
  uint64_t acts_ = 0;
};

}  // namespace vouch::sim

#endif  // VOUCH_TESTS_SIM_BYZANTINE_H_
