/* Opening, sync and what they call back; see vouch_jni.h. */
#include "vouch_jni.h"

#include <stdlib.h>

jni_bytes borrow(JNIEnv* env, jbyteArray array) {
  jni_bytes bytes = {env, array, NULL, {NULL, 0}};
  if (array == NULL) return bytes;
  bytes.data = (*env)->GetByteArrayElements(env, array, NULL);
  if (bytes.data == NULL) return bytes;
  bytes.slice.data = (const uint8_t*)bytes.data;
  bytes.slice.size = (size_t)(*env)->GetArrayLength(env, array);
  return bytes;
}

void give_back(jni_bytes* bytes) {
  if (bytes->data == NULL) return;
  (*bytes->env)
      ->ReleaseByteArrayElements(bytes->env, bytes->array, bytes->data,
                                 JNI_ABORT);
}

const vouch_id* id_of(JNIEnv* env, jbyteArray array, vouch_id* into) {
  if (array == NULL ||
      (*env)->GetArrayLength(env, array) != (jsize)sizeof into->bytes) {
    return NULL;
  }
  (*env)->GetByteArrayRegion(env, array, 0, sizeof into->bytes,
                             (jbyte*)into->bytes);
  return into;
}

/* Standard UTF-8, which may hold what NewStringUTF cannot read. */
static jstring text_of(JNIEnv* env, const char* text) {
  jclass string = (*env)->FindClass(env, "java/lang/String");
  if (string == NULL) return NULL;
  jmethodID make =
      (*env)->GetMethodID(env, string, "<init>", "([BLjava/lang/String;)V");
  jsize size = (jsize)strlen(text);
  jbyteArray bytes = (*env)->NewByteArray(env, size);
  jstring charset = (*env)->NewStringUTF(env, "UTF-8");
  if (make == NULL || bytes == NULL || charset == NULL) return NULL;
  (*env)->SetByteArrayRegion(env, bytes, 0, size, (const jbyte*)text);
  return (jstring)(*env)->NewObject(env, string, make, bytes, charset);
}

int thrown(JNIEnv* env, vouch_error* error) {
  if (error == NULL) return 0;
  if ((*env)->ExceptionCheck(env)) {
    vouch_error_free(error);
    return 1;
  }
  jclass type = (*env)->FindClass(env, "vouch/VouchException");
  jmethodID make = type == NULL ? NULL
                                : (*env)->GetMethodID(
                                      env, type, "<init>",
                                      "(ILjava/lang/String;Ljava/lang/String;"
                                      "Ljava/lang/String;Ljava/lang/String;)V");
  if (make != NULL) {
    jstring name = text_of(env, vouch_error_name(error));
    jstring message = text_of(env, vouch_error_message(error));
    jstring advice = text_of(env, vouch_error_advice(error));
    jstring field = text_of(env, vouch_error_field(error));
    jobject exception = (*env)->ExceptionCheck(env)
                            ? NULL
                            : (*env)->NewObject(env, type, make,
                                                (jint)vouch_error_reason(error),
                                                name, message, advice, field);
    if (exception != NULL) (*env)->Throw(env, (jthrowable)exception);
  }
  vouch_error_free(error);
  return 1;
}

jbyteArray take(JNIEnv* env, vouch_buffer* buffer) {
  jbyteArray array = (*env)->NewByteArray(env, (jsize)buffer->size);
  if (array != NULL) {
    (*env)->SetByteArrayRegion(env, array, 0, (jsize)buffer->size,
                               (const jbyte*)buffer->data);
  }
  vouch_buffer_free(buffer);
  return array;
}

jbyteArray take_unless(JNIEnv* env, vouch_error* error, vouch_buffer* buffer) {
  return thrown(env, error) ? NULL : take(env, buffer);
}

jbyteArray take_id(JNIEnv* env, vouch_error* error, const vouch_id* id) {
  if (thrown(env, error)) return NULL;
  jbyteArray array = (*env)->NewByteArray(env, sizeof id->bytes);
  if (array != NULL) {
    (*env)->SetByteArrayRegion(env, array, 0, sizeof id->bytes,
                               (const jbyte*)id->bytes);
  }
  return array;
}

/* --- The key and the log ------------------------------------------------- */

typedef struct key_call {
  JNIEnv* env;
  jobject source;
} key_call;

/* What Java throws here stays waiting and comes out of the opening. */
static int give_key(void* context, uint8_t key[32]) {
  key_call* call = context;
  JNIEnv* env = call->env;
  jclass type = (*env)->GetObjectClass(env, call->source);
  jmethodID method = (*env)->GetMethodID(env, type, "key", "()[B");
  if (method == NULL) return 1;
  jbyteArray given =
      (jbyteArray)(*env)->CallObjectMethod(env, call->source, method);
  if ((*env)->ExceptionCheck(env) || given == NULL ||
      (*env)->GetArrayLength(env, given) != 32) {
    return 1;
  }
  (*env)->GetByteArrayRegion(env, given, 0, 32, (jbyte*)key);
  const jbyte zeros[32] = {0};
  (*env)->SetByteArrayRegion(env, given, 0, 32, zeros);
  return 0;
}

static void tell_log(void* context, int32_t level, const char* line) {
  jni_client* client = context;
  JNIEnv* env = NULL;
  /* Every caller is a thread of Java's. */
  if ((*client->vm)->GetEnv(client->vm, (void**)&env, JNI_VERSION_10) !=
          JNI_OK ||
      (*env)->ExceptionCheck(env)) {
    return;
  }
  jstring text = text_of(env, line);
  if (text != NULL) {
    (*env)->CallVoidMethod(env, client->log, client->log_line, (jint)level,
                           text);
    (*env)->DeleteLocalRef(env, text);
  }
  (*env)->ExceptionClear(env);
}

static void free_client(JNIEnv* env, jni_client* made) {
  if (made->log != NULL) (*env)->DeleteGlobalRef(env, made->log);
  free(made);
}

NATIVE(jlong, open)
(JNIEnv* env, jclass self, jbyteArray folder, jobject key, jlong reserve_bytes,
 jobject log, jboolean shared, jint share_wait_ms) {
  (void)self;
  jni_client* made = calloc(1, sizeof *made);
  if (made == NULL || (*env)->GetJavaVM(env, &made->vm) != JNI_OK) {
    free(made);
    return 0;
  }
  jni_bytes path = borrow(env, folder);
  key_call call = {env, key};
  vouch_open_options options = {.struct_size = sizeof options};
  options.folder = path.slice;
  options.reserve_bytes = (uint64_t)reserve_bytes;
  options.shared = shared ? 1 : 0;
  options.share_wait_ms = (uint32_t)share_wait_ms;
  if (key != NULL) {
    options.master_key = give_key;
    options.master_key_context = &call;
  }
  if (log != NULL) {
    made->log = (*env)->NewGlobalRef(env, log);
    made->log_line = (*env)->GetMethodID(env, (*env)->GetObjectClass(env, log),
                                         "line", "(ILjava/lang/String;)V");
    options.log = made->log_line == NULL ? NULL : tell_log;
    options.log_context = made;
  }
  vouch_error* error = vouch_open(&options, &made->client);
  give_back(&path);
  if (thrown(env, error)) {
    free_client(env, made);
    return 0;
  }
  return (jlong)(intptr_t)made;
}

NATIVE(void, close)(JNIEnv* env, jclass self, jlong handle) {
  (void)self;
  jni_client* made = (jni_client*)(intptr_t)handle;
  vouch_close(made->client);
  free_client(env, made);
}

NATIVE(jbyteArray, exportStore)
(JNIEnv* env, jclass self, jbyteArray folder, jobject key, jbyteArray path) {
  (void)self;
  jni_bytes from = borrow(env, folder), to = borrow(env, path);
  key_call call = {env, key};
  vouch_open_options options = {.struct_size = sizeof options};
  options.folder = from.slice;
  if (key != NULL) {
    options.master_key = give_key;
    options.master_key_context = &call;
  }
  vouch_buffer out = {NULL, 0};
  vouch_error* error = vouch_export_store(&options, to.slice, &out);
  give_back(&from);
  give_back(&to);
  return take_unless(env, error, &out);
}

NATIVE(jlong, retryAfterMs)
(JNIEnv* env, jclass self, jint reason, jint failures) {
  (void)env;
  (void)self;
  uint64_t wait_ms = 0;
  return vouch_retry_after_reason(reason, (uint32_t)failures, &wait_ms)
             ? (jlong)wait_ms
             : -1;
}

/* --- Sync ----------------------------------------------------------------- */

NATIVE(jlong, newCancellation)(JNIEnv* env, jclass self) {
  (void)env;
  (void)self;
  return (jlong)(intptr_t)vouch_cancellation_new();
}

NATIVE(void, cancel)(JNIEnv* env, jclass self, jlong handle) {
  (void)env;
  (void)self;
  vouch_cancel((vouch_cancellation*)(intptr_t)handle);
}

NATIVE(void, freeCancellation)(JNIEnv* env, jclass self, jlong handle) {
  (void)env;
  (void)self;
  vouch_cancellation_free((vouch_cancellation*)(intptr_t)handle);
}

typedef struct progress_call {
  JNIEnv* env;
  jobject progress;
  jmethodID moved;
  vouch_cancellation* stop;
  jthrowable failure; /* what Java threw: the sync ends, and it goes on */
} progress_call;

static void tell_progress(void* context, const vouch_sync_progress* now) {
  progress_call* call = context;
  JNIEnv* env = call->env;
  if (call->failure != NULL) return;
  (*env)->CallVoidMethod(env, call->progress, call->moved, (jlong)now->pushed,
                         (jlong)now->to_push, (jlong)now->pulled,
                         (jlong)now->to_pull, (jlong)now->bytes_sent,
                         (jlong)now->bytes_received);
  call->failure = (*env)->ExceptionOccurred(env);
  if (call->failure == NULL) return;
  (*env)->ExceptionClear(env);
  vouch_cancel(call->stop);
}

static void fill_report(JNIEnv* env, const vouch_sync_report* report,
                        jlongArray into) {
  const jlong numbers[] = {
      (jlong)report->pushed,     (jlong)report->pulled,
      (jlong)report->bytes_sent, (jlong)report->bytes_received,
      (jlong)report->restored,   (jlong)report->no_longer_safe,
      (jlong)report->log_size,   (jlong)report->recovered,
      (jlong)report->conflicts,  (jlong)report->held};
  (*env)->SetLongArrayRegion(env, into, 0, sizeof numbers / sizeof *numbers,
                             numbers);
}

NATIVE(void, sync)
(JNIEnv* env, jclass self, jlong client, jlong deadline_ms, jbyteArray server,
 jlong cancellation, jobject progress, jlong slice_ms, jboolean sparing,
 jlongArray into) {
  (void)self;
  vouch_cancellation* given = (vouch_cancellation*)(intptr_t)cancellation;
  vouch_cancellation* own = given == NULL ? vouch_cancellation_new() : NULL;
  jni_bytes address = borrow(env, server);
  progress_call call = {env, progress, NULL, given == NULL ? own : given, NULL};
  vouch_sync_options options = {.struct_size = sizeof options};
  options.deadline_ms = (uint64_t)deadline_ms;
  options.server = address.slice;
  options.cancellation = call.stop;
  options.slice_ms = (uint64_t)slice_ms;
  options.sparing = sparing ? 1 : 0;
  if (progress != NULL) {
    call.moved = (*env)->GetMethodID(env, (*env)->GetObjectClass(env, progress),
                                     "moved", "(JJJJJJ)V");
    options.progress = call.moved == NULL ? NULL : tell_progress;
    options.progress_context = &call;
  }
  vouch_sync_report report = {.struct_size = sizeof report};
  vouch_error* error = vouch_sync(client_of(client), &options, &report);
  give_back(&address);
  vouch_cancellation_free(own);
  fill_report(env, &report, into);
  if (call.failure != NULL) {
    vouch_error_free(error);
    (*env)->Throw(env, call.failure);
    return;
  }
  thrown(env, error);
}
