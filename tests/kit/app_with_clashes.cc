// An app that exports another gRPC, SQLite, libsodium, zstd, zlib, c-ares and
// Abseil, and names of our own, and links libvouch.so.
//
//   app_with_clashes FOLDER
//
// It opens a store, saves, and syncs with a port where nobody listens.
#include <cstdio>

#include "tests/kit/clashing.h"
#include "vouch/vouch.h"

VOUCH_CLASH(grpc_init)
VOUCH_CLASH(grpc_shutdown)
VOUCH_CLASH(grpc_channel_create)
VOUCH_CLASH(grpc_ssl_credentials_create)
VOUCH_CLASH(grpc_channel_create_call)
VOUCH_CLASH(grpc_call_start_batch)
VOUCH_CLASH(grpc_completion_queue_create_for_next)
VOUCH_CLASH(gpr_mu_init)
VOUCH_CLASH(gpr_mu_lock)
VOUCH_CLASH(gpr_malloc)
VOUCH_CLASH(gpr_free)
VOUCH_CLASH(gpr_log)
VOUCH_CLASH(gpr_now)
VOUCH_CLASH(gpr_inf_future)
// grpc::Channel::~Channel(), grpc::ClientContext::ClientContext().
VOUCH_CLASH(_ZN4grpc7ChannelD1Ev)
VOUCH_CLASH(_ZN4grpc13ClientContextC1Ev)
VOUCH_CLASH(sqlite3_open)
VOUCH_CLASH(sqlite3_open_v2)
VOUCH_CLASH(sqlite3_prepare_v2)
VOUCH_CLASH(sqlite3_prepare_v3)
VOUCH_CLASH(sqlite3_step)
VOUCH_CLASH(sqlite3_exec)
VOUCH_CLASH(sqlite3_close)
VOUCH_CLASH(sqlite3_close_v2)
VOUCH_CLASH(sodium_init)
VOUCH_CLASH(crypto_sign_detached)
VOUCH_CLASH(crypto_sign_ed25519_detached)
VOUCH_CLASH(crypto_sign_seed_keypair)
VOUCH_CLASH(crypto_aead_xchacha20poly1305_ietf_encrypt)
VOUCH_CLASH(ZSTD_compress)
VOUCH_CLASH(ZSTD_compressCCtx)
VOUCH_CLASH(ZSTD_compress2)
VOUCH_CLASH(ZSTD_createCCtx)
VOUCH_CLASH(ZSTD_decompress)
VOUCH_CLASH(crc32)
VOUCH_CLASH(crc32_z)
VOUCH_CLASH(ares_library_init)
VOUCH_CLASH(ares_init_options)
// Of an Abseil that was built without an inline namespace, and of one that has
// upstream's: absl::Status::ToStringSlow, absl::StrCat.
VOUCH_CLASH(_ZN4absl6Status12ToStringSlowB5cxx11ENS_18StatusToStringModeE)
VOUCH_CLASH(_ZN4absl6StrCatB5cxx11ERKNS_8AlphaNumES2_)
VOUCH_CLASH(_ZN4absl12lts_202401166StrCatB5cxx11ERKNS0_8AlphaNumES3_)
// vouch::SystemClock(), vouch::Client::~Client(), and two of vouch.v1.
VOUCH_CLASH(_ZN5vouch11SystemClockEv)
VOUCH_CLASH(_ZN5vouch6ClientD1Ev)
VOUCH_CLASH(_ZN5vouch2v111ObservationC1EPN6google8protobuf5ArenaEb)
VOUCH_CLASH(_ZN5vouch2v15HelloC1EPN6google8protobuf5ArenaEb)

namespace {

bool Failed(vouch_error* error, int32_t expected) {
  const int32_t reason = error == nullptr ? -1 : vouch_error_reason(error);
  if (error != nullptr && reason != expected) {
    std::printf("%s: %s\n", vouch_error_name(error),
                vouch_error_message(error));
  }
  vouch_error_free(error);
  return reason != expected;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  vouch_open_options options = {};
  options.struct_size = sizeof options;
  options.folder = vouch_text(argv[1]);
  vouch_client* client = nullptr;
  if (Failed(vouch_open(&options, &client), -1)) return 3;
  vouch_buffer out = {};
  // A closed port: nothing listens on 1 of this machine.
  if (Failed(vouch_enrol(client, vouch_text("127.0.0.1:1"), vouch_text("CODE"),
                         5'000, &out),
             VOUCH_REASON_UNREACHABLE)) {
    return 4;
  }
  if (Failed(vouch_sync(client, nullptr, nullptr), VOUCH_REASON_NOT_ENROLLED)) {
    return 5;
  }
  vouch_close(client);
  std::puts("isolated");
  return 0;
}
