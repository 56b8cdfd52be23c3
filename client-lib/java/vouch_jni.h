/* What the two halves of the binding share: reading Java's arrays, making what
 * Java gets, and the one exception. C11; each function runs on its caller's
 * thread, with a JNIEnv of that thread. */
#ifndef VOUCH_CLIENT_LIB_JAVA_VOUCH_JNI_H_
#define VOUCH_CLIENT_LIB_JAVA_VOUCH_JNI_H_

#include <jni.h>

#include "vouch/vouch.h"

/* What a Java handle points to. */
typedef struct jni_client {
  vouch_client* client;
  JavaVM* vm;
  jobject log; /* a global reference, or NULL */
  jmethodID log_line;
} jni_client;

static inline vouch_client* client_of(jlong handle) {
  return ((jni_client*)(intptr_t)handle)->client;
}

/* A byte[] while it is read. `array` NULL gives an empty one. */
typedef struct jni_bytes {
  JNIEnv* env;
  jbyteArray array;
  jbyte* data;
  vouch_slice slice;
} jni_bytes;

jni_bytes borrow(JNIEnv* env, jbyteArray array);
void give_back(jni_bytes* bytes);

/* Null stays null; the id is written to `into`. Not 16 bytes: as null. */
const vouch_id* id_of(JNIEnv* env, jbyteArray array, vouch_id* into);

/* Throws a VouchException for the error and frees it; 0 if there is none. An
 * exception of Java's own that waits already stays the one. */
int thrown(JNIEnv* env, vouch_error* error);

/* Java's copy of a buffer, which is freed; NULL with an exception waiting. */
jbyteArray take(JNIEnv* env, vouch_buffer* buffer);
/* The same, unless there is an error. */
jbyteArray take_unless(JNIEnv* env, vouch_error* error, vouch_buffer* buffer);
jbyteArray take_id(JNIEnv* env, vouch_error* error, const vouch_id* id);

/* The entries of class vouch.Native. */
#define NATIVE(type, name) JNIEXPORT type JNICALL Java_vouch_Native_##name

#endif /* VOUCH_CLIENT_LIB_JAVA_VOUCH_JNI_H_ */
