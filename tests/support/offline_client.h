// A client's folder enrolled without a server, for tests of what a tablet does
// on its own. What enrolment would have brought is made up.
//
//   EnrolOffline(options, v1::ROLE_ASSESSOR, "Ann");
//   auto client = Client::Open(options);
#ifndef VOUCH_TESTS_SUPPORT_OFFLINE_CLIENT_H_
#define VOUCH_TESTS_SUPPORT_OFFLINE_CLIENT_H_

#include <memory>
#include <string>

#include "client-lib/src/open_store.h"
#include "storage/replica/device.h"
#include "sync/base/check.h"
#include "sync/base/hash.h"
#include "vouch/client.h"

namespace vouch {

// The same name is the same person, on whatever tablet.
inline PersonId PersonCalled(const std::string& name) {
  return *PersonId::FromBytes(
      HashOf("test.person", {name}).view().substr(0, PersonId::kSize));
}

inline void EnrolOffline(const OpenOptions& options, v1::Role role,
                         const std::string& name) {
  auto store = OpenStoreOf(options, /*create=*/true);
  VOUCH_CHECK(store.ok());
  auto key = MasterKeyOf(options, **store);
  VOUCH_CHECK(key.ok());
  FixedKeyProvider provider(*key);
  auto keys = KeyRing::Open(store->get(), &provider, RandomOf(options));
  VOUCH_CHECK(keys.ok());
  auto device = Device::Open(store->get(), keys->get(), ClockOf(options),
                             RandomOf(options));
  VOUCH_CHECK(device.ok());
  Membership membership;
  membership.person = PersonCalled(name);
  membership.person_name = name;
  membership.role = role;
  membership.centre_id = *RecordId::FromBytes(
      HashOf("test.centre", {}).view().substr(0, RecordId::kSize));
  membership.centre_name = "Test centre";
  membership.server_address = "127.0.0.1:1";
  VOUCH_CHECK((*device)->Adopt(membership).ok());
}

}  // namespace vouch

#endif  // VOUCH_TESTS_SUPPORT_OFFLINE_CLIENT_H_
