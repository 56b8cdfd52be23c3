#include "tests/bench/phrases.h"

namespace vouch::bench {
namespace {

using Piece = absl::string_view;

constexpr Piece kSentences[] = {
    "{c} rang about {i} and had been waiting for {t}.",
    "The candidate picked up after {n} rings, gave the greeting, their name "
    "and the department, and asked {c} how they could help.",
    "While {c} explained {i}, the candidate listened {h} and did not break in.",
    "Before opening the account in {s} the candidate checked the postcode and "
    "two answers of the security questions.",
    "They repeated the main points back in plain words, which {o}.",
    "As {s} was slow that morning, the candidate said so and told {c} it would "
    "take about {t}.",
    "A colleague from {p} was asked for advice, and the candidate kept {c} "
    "informed at each step.",
    "{c} was upset at first; the candidate stayed calm, apologised once for "
    "{i} and moved on to what could be done.",
    "The candidate offered {n} ways forward and explained what each would cost "
    "and how long it would take.",
    "Notes were entered into {s} during the call, with the date, what was "
    "promised and by whom.",
    "Because {i} needed a signature from the supervisor, the candidate put the "
    "call on hold for {t} after asking whether that suited {c}.",
    "This took place at {p}, in the busiest part of the day, with {n} calls in "
    "the queue.",
    "The promise to call back was written on the board and kept {t} later, "
    "which {o}.",
    "Asked afterwards, the candidate could say {h} which procedure applies to "
    "{i} and where it is filed.",
    "They used the customer's own name throughout and avoided the short forms "
    "that we use among ourselves.",
    "When {c} asked for something that we do not sell, the candidate named "
    "{n} alternatives and did not press.",
    "The letter that confirmed {i} went out the same afternoon, was free of "
    "mistakes and {o}.",
    "{c} spoke little English; the candidate chose short sentences, waited and "
    "fetched the picture card from {p}.",
    "I watched them close the call, thank {c} and look through {s} once more "
    "before taking the next one.",
    "The candidate noticed that the address in {s} was out of date and had it "
    "corrected {h}.",
    "Personal details were kept off the desk and the screen was locked each "
    "time they walked over to {p}.",
    "In the team meeting the candidate brought up {i} as a recurring problem "
    "and suggested a change to the form, which {o}.",
    "Their tone stayed friendly through {n} difficult calls in a row, and the "
    "manner with {c} was no different from the first.",
    "They knew the limits of their authority: a refund over {n}0 pounds was "
    "passed on to the supervisor {h}.",
    "What was done here is offered for {u}, and parts of it for {u} too.",
    "Service standards were met: the call was answered in time, the problem "
    "settled within {t}, and the log in {s} completed.",
    "{c} thanked the candidate and said that {i} had never been dealt with so "
    "{h} before.",
    "Afterwards we talked for {t} about what went well and about what to try "
    "with a customer who will not be reassured.",
    "The candidate explained the returns policy {h}, pointed to the leaflet at "
    "{p} and marked the passage that matters for {i}.",
    "Two colleagues were away, so the candidate took over their messages, "
    "sorted them by urgency and answered {n} before lunch.",
};

constexpr Piece kCustomers[] = {
    "An older customer",
    "A new subscriber",
    "The tenant of flat twelve",
    "A parent with two small children",
    "The buyer from a builder's yard",
    "A regular guest",
    "A caller from abroad",
    "A student",
    "The secretary of a club",
    "A man on crutches",
    "A colleague from accounts",
    "The owner of a corner shop",
    "A woman who was hard of hearing",
    "A first-time visitor",
    "The receptionist of the surgery",
    "A delivery driver",
};
constexpr Piece kIssues[] = {
    "a bill that had been charged twice",
    "a parcel left in the rain",
    "the broken thermostat",
    "a refund promised last month",
    "a wrong name on the policy",
    "the change of a direct debit",
    "a booking for the wrong week",
    "tickets that never arrived",
    "a meter reading",
    "the noise from the building site",
    "a faulty kettle bought in the sale",
    "lost spectacles",
    "a complaint about parking",
    "the closing of an account",
    "an order of garden chairs",
    "a delayed repair",
    "the opening hours over the holiday",
    "a gift card without credit",
};
constexpr Piece kSystems[] = {
    "the contact log",     "the booking system", "the ledger",
    "the order screen",    "the shared mailbox", "the stock list",
    "the complaints file", "the visitor book",   "the knowledge base",
};
constexpr Piece kPlaces[] = {
    "the front desk",       "the call centre, bank three",
    "the returns counter",  "the back office",
    "the showroom",         "the enquiry point on the first floor",
    "the parts department", "the branch in the high street",
    "the reception",        "the customer lounge",
};
constexpr Piece kTimes[] = {
    "five minutes",
    "a quarter of an hour",
    "two days",
    "half an hour",
    "nearly a week",
    "ten minutes",
    "the best part of an hour",
    "three working days",
    "a minute or two",
};
constexpr Piece kManners[] = {
    "patiently",       "without being asked", "clearly",  "with good humour",
    "step by step",    "from memory",         "promptly", "in writing",
    "with confidence", "thoroughly",
};
constexpr Piece kOutcomes[] = {
    "settled the matter",
    "put the customer at ease",
    "saved a second call",
    "was noticed by the team leader",
    "brought a letter of thanks",
    "kept the account",
    "made sure that nothing was forgotten",
    "met the standard of the house",
};
constexpr Piece kNumbers[] = {"2", "3", "4", "5", "6", "7", "8", "9"};
constexpr Piece kUnits[] = {
    "F1", "F2", "A1", "A2", "A3", "A4", "A5", "A6", "A10", "A11",
    "B1", "B2", "B4", "B5", "C1", "C2", "C3", "C4", "D1",  "D2",
};
constexpr Piece kGiven[] = {
    "Amira", "Ben",  "Chloe", "Dev",   "Elin",  "Farah",  "Gareth", "Hannah",
    "Imran", "Jo",   "Kofi",  "Lena",  "Marek", "Nadia",  "Owen",   "Priya",
    "Quinn", "Rhys", "Sana",  "Tomas", "Uma",   "Viktor", "Wendy",  "Yusuf",
};
constexpr Piece kFamily[] = {
    "Abbott", "Begum",  "Carter", "Davies",  "Evans",    "Fletcher",
    "Gill",   "Harris", "Iqbal",  "Jones",   "Kowalski", "Lewis",
    "Marsh",  "Novak",  "Okoro",  "Patel",   "Quigley",  "Reid",
    "Singh",  "Turner", "Usman",  "Vaughan", "Walsh",    "Young",
};
constexpr Piece kJobs[] = {
    "Team leader",          "Shift supervisor", "Office manager",
    "Senior adviser",       "Branch manager",   "Customer service manager",
    "Trainer on the floor", "Duty manager",
};

}  // namespace

absl::Span<const Piece> Sentences() { return kSentences; }

absl::Span<const Piece> PiecesFor(char hole) {
  switch (hole) {
    case 'c':
      return kCustomers;
    case 'i':
      return kIssues;
    case 's':
      return kSystems;
    case 'p':
      return kPlaces;
    case 't':
      return kTimes;
    case 'h':
      return kManners;
    case 'o':
      return kOutcomes;
    case 'u':
      return kUnits;
    case 'n':
      return kNumbers;
    default:
      return {};
  }
}

absl::Span<const Piece> GivenNames() { return kGiven; }
absl::Span<const Piece> FamilyNames() { return kFamily; }
absl::Span<const Piece> JobTitles() { return kJobs; }
absl::Span<const Piece> Units() { return kUnits; }

}  // namespace vouch::bench
