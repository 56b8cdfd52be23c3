// What the functions of vouch.h take and give, and their errors. Include
// vouch.h, which says who owns what, and from which threads.
#ifndef VOUCH_VALUES_H_
#define VOUCH_VALUES_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "vouch/reasons.h"

#if defined(__GNUC__)
#define VOUCH_API __attribute__((visibility("default")))
#else
#define VOUCH_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

// --- Values ------------------------------------------------------------------

// Borrowed bytes. Text is UTF-8 and not terminated. {NULL, 0} is empty.
typedef struct vouch_slice {
  const uint8_t* data;
  size_t size;
} vouch_slice;

// Owned bytes. A byte 0 stands after the last one, so that text may be printed.
typedef struct vouch_buffer {
  uint8_t* data;
  size_t size;
} vouch_buffer;

// A record, person, device or centre.
typedef struct vouch_id {
  uint8_t bytes[16];
} vouch_id;

// A record as it crosses: its kind, "Observation", and its serialised message.
typedef struct vouch_message {
  vouch_slice kind;
  vouch_slice bytes;
} vouch_message;

typedef struct vouch_client vouch_client;              // an open store
typedef struct vouch_error vouch_error;                // why a call failed
typedef struct vouch_cancellation vouch_cancellation;  // stops a sync
typedef struct vouch_live vouch_live;                  // a query that goes on

// A slice of a terminated text, which must outlive it; of NULL an empty one.
static inline vouch_slice vouch_text(const char* text) {
  vouch_slice slice = {(const uint8_t*)text, text == NULL ? 0 : strlen(text)};
  return slice;
}
// The same bytes, borrowed.
static inline vouch_slice vouch_slice_of(const vouch_buffer* buffer) {
  vouch_slice slice = {buffer->data, buffer->size};
  return slice;
}

// Frees the bytes and empties the buffer. Thread: any.
VOUCH_API void vouch_buffer_free(vouch_buffer* buffer);

// "0.1.0"; lives as long as the library. Thread: any.
VOUCH_API const char* vouch_version(void);

// --- Errors ------------------------------------------------------------------

// The reason, of enum vouch_reason; a newer library may know more of them.
// Thread: any.
VOUCH_API int32_t vouch_error_reason(const vouch_error* error);
// Its name, "STORE_FULL". Lives as long as the library. Thread: any.
VOUCH_API const char* vouch_error_name(const vouch_error* error);
// What happened, for a person. Lives as long as the error. Thread: any.
VOUCH_API const char* vouch_error_message(const vouch_error* error);
// What to do about it. Lives as long as the library. Thread: any.
VOUCH_API const char* vouch_error_advice(const vouch_error* error);
// The argument that is at fault, or the first field that signing lacks; "" if
// it is about no single one. Lives as long as the error. Thread: any.
VOUCH_API const char* vouch_error_field(const vouch_error* error);
// Thread: any, once.
VOUCH_API void vouch_error_free(vouch_error* error);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // VOUCH_VALUES_H_
