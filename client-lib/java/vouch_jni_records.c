/* Records, lists and standing; see vouch_jni.h. */
#include <stdlib.h>

#include "vouch_jni.h"

/* Deadlines and versions are never negative: Client sees to that. */

NATIVE(jstring, version)(JNIEnv* env, jclass self) {
  (void)self;
  return (*env)->NewStringUTF(env, vouch_version());
}

NATIVE(jbyteArray, enrol)
(JNIEnv* env, jclass self, jlong client, jbyteArray server, jbyteArray code,
 jint deadline_ms) {
  (void)self;
  jni_bytes address = borrow(env, server), text = borrow(env, code);
  vouch_buffer out = {NULL, 0};
  vouch_error* error = vouch_enrol(client_of(client), address.slice, text.slice,
                                   (uint32_t)deadline_ms, &out);
  give_back(&address);
  give_back(&text);
  return take_unless(env, error, &out);
}

/* Functions of one shape, in the order of Native's numbers. */

NATIVE(jbyteArray, list)
(JNIEnv* env, jclass self, jint function, jlong client) {
  (void)self;
  static vouch_error* (*const kFunctions[])(vouch_client*, vouch_buffer*) = {
      vouch_who_am_i,     vouch_people,   vouch_registrations,
      vouch_held_changes, vouch_warnings, vouch_safe_unavailable,
      vouch_state_hashes};
  vouch_buffer out = {NULL, 0};
  return take_unless(env, kFunctions[function](client_of(client), &out), &out);
}

NATIVE(jbyteArray, ofRecord)
(JNIEnv* env, jclass self, jint function, jlong client, jbyteArray record) {
  (void)self;
  static vouch_error* (*const kFunctions[])(vouch_client*, const vouch_id*,
                                            vouch_buffer*) = {
      vouch_get, vouch_validate, vouch_conflicts, vouch_possible_duplicates,
      vouch_portfolio};
  vouch_id id;
  vouch_buffer out = {NULL, 0};
  return take_unless(
      env,
      kFunctions[function](client_of(client), id_of(env, record, &id), &out),
      &out);
}

NATIVE(jbyteArray, act)
(JNIEnv* env, jclass self, jint function, jlong client, jbyteArray record,
 jbyteArray base) {
  (void)self;
  static vouch_error* (*const kFunctions[])(vouch_client*, const vouch_id*,
                                            vouch_slice, vouch_buffer*) = {
      vouch_countersign, vouch_withdraw, vouch_discard, vouch_revive};
  vouch_id id;
  jni_bytes seen = borrow(env, base);
  vouch_buffer out = {NULL, 0};
  vouch_error* error = kFunctions[function](
      client_of(client), id_of(env, record, &id), seen.slice, &out);
  give_back(&seen);
  return take_unless(env, error, &out);
}

/* A record as it crosses, while it is read. */
typedef struct jni_message {
  jni_bytes kind;
  jni_bytes bytes;
  vouch_message message;
} jni_message;

static jni_message borrow_message(JNIEnv* env, jbyteArray kind,
                                  jbyteArray message) {
  jni_message borrowed = {
      borrow(env, kind), borrow(env, message), {{NULL, 0}, {NULL, 0}}};
  borrowed.message.kind = borrowed.kind.slice;
  borrowed.message.bytes = borrowed.bytes.slice;
  return borrowed;
}

static void give_back_message(jni_message* borrowed) {
  give_back(&borrowed->kind);
  give_back(&borrowed->bytes);
}

NATIVE(jbyteArray, create)
(JNIEnv* env, jclass self, jlong client, jbyteArray kind, jbyteArray message,
 jbyteArray registration) {
  (void)self;
  jni_message record = borrow_message(env, kind, message);
  vouch_id owner, made;
  vouch_error* error = vouch_create(client_of(client), &record.message,
                                    id_of(env, registration, &owner), &made);
  give_back_message(&record);
  return take_id(env, error, &made);
}

NATIVE(jbyteArray, keyedId)
(JNIEnv* env, jclass self, jbyteArray kind, jbyteArray message) {
  (void)self;
  jni_message record = borrow_message(env, kind, message);
  vouch_id id;
  vouch_error* error = vouch_keyed_id(&record.message, &id);
  give_back_message(&record);
  return take_id(env, error, &id);
}

NATIVE(jbyteArray, edit)
(JNIEnv* env, jclass self, jboolean amend, jlong client, jbyteArray record,
 jbyteArray base, jbyteArray kind, jbyteArray message) {
  (void)self;
  jni_message edited = borrow_message(env, kind, message);
  jni_bytes seen = borrow(env, base);
  vouch_id id;
  const vouch_id* named = id_of(env, record, &id);
  vouch_buffer out = {NULL, 0};
  vouch_error* error = (amend ? vouch_amend : vouch_edit)(
      client_of(client), named, seen.slice, &edited.message, &out);
  give_back(&seen);
  give_back_message(&edited);
  return take_unless(env, error, &out);
}

NATIVE(jbyteArray, validateMessage)
(JNIEnv* env, jclass self, jbyteArray kind, jbyteArray message) {
  (void)self;
  jni_message record = borrow_message(env, kind, message);
  vouch_buffer out = {NULL, 0};
  vouch_error* error = vouch_validate_message(&record.message, &out);
  give_back_message(&record);
  return take_unless(env, error, &out);
}

NATIVE(jbyteArray, sign)
(JNIEnv* env, jclass self, jlong client, jbyteArray record, jbyteArray base,
 jbyteArray drawn) {
  (void)self;
  jni_bytes seen = borrow(env, base), drawing = borrow(env, drawn);
  vouch_id id;
  vouch_buffer out = {NULL, 0};
  vouch_error* error =
      vouch_sign(client_of(client), id_of(env, record, &id), seen.slice,
                 drawn == NULL ? NULL : &drawing.slice, &out);
  give_back(&seen);
  give_back(&drawing);
  return take_unless(env, error, &out);
}

NATIVE(jbyteArray, appendEntry)
(JNIEnv* env, jclass self, jlong client, jbyteArray kind, jbyteArray message,
 jbyteArray base) {
  (void)self;
  jni_message ledger = borrow_message(env, kind, message);
  jni_bytes seen = borrow(env, base);
  vouch_id id;
  vouch_error* error =
      vouch_append_entry(client_of(client), &ledger.message, seen.slice, &id);
  give_back(&seen);
  give_back_message(&ledger);
  return take_id(env, error, &id);
}

/* A query's options, while they are read: the slices are of its arrays. */
typedef struct jni_query {
  jni_bytes kind;
  jni_bytes state;
  jni_bytes text;
  vouch_id registration;
  vouch_query_options options;
} jni_query;

static void borrow_query(JNIEnv* env, jni_query* query, jbyteArray kind,
                         jbyteArray registration, jbyteArray state,
                         jlong from_ms, jlong to_ms, jbyteArray text) {
  query->kind = borrow(env, kind);
  query->state = borrow(env, state);
  query->text = borrow(env, text);
  vouch_query_options options = {.struct_size = sizeof options};
  options.kind = query->kind.slice;
  options.registration = id_of(env, registration, &query->registration);
  options.state = query->state.slice;
  options.from_ms = from_ms;
  options.to_ms = to_ms;
  options.text = query->text.slice;
  query->options = options;
}

static void give_back_query(jni_query* query) {
  give_back(&query->kind);
  give_back(&query->state);
  give_back(&query->text);
}

NATIVE(jbyteArray, query)
(JNIEnv* env, jclass self, jlong client, jbyteArray kind,
 jbyteArray registration, jbyteArray state, jint page_size,
 jbyteArray page_token, jlong from_ms, jlong to_ms, jbyteArray text) {
  (void)self;
  jni_query query;
  borrow_query(env, &query, kind, registration, state, from_ms, to_ms, text);
  jni_bytes token = borrow(env, page_token);
  query.options.page_size = (uint32_t)page_size;
  query.options.page_token = token.slice;
  vouch_buffer out = {NULL, 0};
  vouch_error* error = vouch_query(client_of(client), &query.options, &out);
  give_back_query(&query);
  give_back(&token);
  return take_unless(env, error, &out);
}

/* What a live query's handle points to. */
typedef struct jni_live {
  vouch_live* live;
  JavaVM* vm;
  jobject told; /* a global reference */
  jmethodID method;
} jni_live;

/* Nothing of `made` is used once Java was called: it may have freed it. */
static void tell_live(void* context, vouch_slice events) {
  const jni_live* made = context;
  JNIEnv* env = NULL;
  /* Every caller is a thread of Java's. */
  if ((*made->vm)->GetEnv(made->vm, (void**)&env, JNI_VERSION_10) != JNI_OK) {
    return;
  }
  /* One that waits is not this query's, and goes on waiting. */
  jthrowable waiting = (*env)->ExceptionOccurred(env);
  (*env)->ExceptionClear(env);
  jbyteArray bytes = (*env)->NewByteArray(env, (jsize)events.size);
  if (bytes != NULL) {
    (*env)->SetByteArrayRegion(env, bytes, 0, (jsize)events.size,
                               (const jbyte*)events.data);
    (*env)->CallVoidMethod(env, made->told, made->method, bytes);
    (*env)->DeleteLocalRef(env, bytes);
  }
  (*env)->ExceptionClear(env);
  if (waiting != NULL) {
    (*env)->Throw(env, waiting);
    (*env)->DeleteLocalRef(env, waiting);
  }
}

static void free_live(JNIEnv* env, jni_live* made) {
  if (made->told != NULL) (*env)->DeleteGlobalRef(env, made->told);
  free(made);
}

NATIVE(jlong, watch)
(JNIEnv* env, jclass self, jlong client, jbyteArray kind,
 jbyteArray registration, jbyteArray state, jlong from_ms, jlong to_ms,
 jbyteArray text, jobject told) {
  (void)self;
  jni_live* made = calloc(1, sizeof *made);
  if (made == NULL || (*env)->GetJavaVM(env, &made->vm) != JNI_OK) {
    free(made);
    return 0;
  }
  made->method = (*env)->GetMethodID(env, (*env)->GetObjectClass(env, told),
                                     "told", "([B)V");
  made->told = made->method == NULL ? NULL : (*env)->NewGlobalRef(env, told);
  if (made->told == NULL) {
    free_live(env, made);
    return 0;
  }
  jni_query query;
  borrow_query(env, &query, kind, registration, state, from_ms, to_ms, text);
  vouch_error* error = vouch_watch(client_of(client), &query.options, tell_live,
                                   made, &made->live);
  give_back_query(&query);
  if (thrown(env, error)) {
    free_live(env, made);
    return 0;
  }
  return (jlong)(intptr_t)made;
}

NATIVE(void, freeLive)(JNIEnv* env, jclass self, jlong handle) {
  (void)self;
  jni_live* made = (jni_live*)(intptr_t)handle;
  vouch_live_free(made->live);
  free_live(env, made);
}

NATIVE(void, settle)
(JNIEnv* env, jclass self, jlong client, jbyteArray handle, jbyteArray version,
 jint side, jbyteArray text, jbyteArray kind, jbyteArray message) {
  (void)self;
  jni_bytes named = borrow(env, handle), seen = borrow(env, version);
  jni_bytes words = borrow(env, text);
  jni_message value = borrow_message(env, kind, message);
  vouch_settle_choice choice = {.struct_size = sizeof choice};
  choice.by = side >= 0      ? VOUCH_SETTLE_BY_SIDE
              : text != NULL ? VOUCH_SETTLE_BY_TEXT
                             : VOUCH_SETTLE_BY_MESSAGE;
  if (side >= 0) choice.side = (uint32_t)side;
  choice.text = words.slice;
  choice.message = value.message;
  vouch_error* error =
      vouch_settle(client_of(client), named.slice, seen.slice, &choice);
  give_back(&named);
  give_back(&seen);
  give_back(&words);
  give_back_message(&value);
  thrown(env, error);
}

NATIVE(void, release)
(JNIEnv* env, jclass self, jlong client, jbyteArray change) {
  (void)self;
  jni_bytes named = borrow(env, change);
  vouch_error* error = vouch_release(client_of(client), named.slice);
  give_back(&named);
  thrown(env, error);
}

NATIVE(jint, safetyOf)
(JNIEnv* env, jclass self, jlong client, jbyteArray record) {
  (void)self;
  vouch_id id;
  int32_t safety = 0;
  thrown(env,
         vouch_safety_of(client_of(client), id_of(env, record, &id), &safety));
  return safety;
}

NATIVE(jlongArray, safetyOfPortfolio)
(JNIEnv* env, jclass self, jlong client, jbyteArray registration) {
  (void)self;
  vouch_id id;
  vouch_portfolio_safety safety = {.struct_size = sizeof safety};
  if (thrown(env,
             vouch_safety_of_portfolio(
                 client_of(client), id_of(env, registration, &id), &safety))) {
    return NULL;
  }
  const jlong numbers[] = {(jlong)safety.on_this_tablet,
                           (jlong)safety.at_the_centre, (jlong)safety.safe,
                           (jlong)safety.least};
  const jsize count = sizeof numbers / sizeof *numbers;
  jlongArray out = (*env)->NewLongArray(env, count);
  if (out != NULL) (*env)->SetLongArrayRegion(env, out, 0, count, numbers);
  return out;
}

NATIVE(jlongArray, ledger)(JNIEnv* env, jclass self, jlong client) {
  (void)self;
  vouch_ledger_numbers ledger = {.struct_size = sizeof ledger};
  if (thrown(env, vouch_ledger(client_of(client), &ledger))) return NULL;
  const jlong numbers[] = {(jlong)ledger.captured, (jlong)ledger.stored,
                           (jlong)ledger.held,     (jlong)ledger.pending,
                           (jlong)ledger.pulled,   (jlong)ledger.balanced};
  const jsize count = sizeof numbers / sizeof *numbers;
  jlongArray out = (*env)->NewLongArray(env, count);
  if (out != NULL) (*env)->SetLongArrayRegion(env, out, 0, count, numbers);
  return out;
}

NATIVE(jbyteArray, centreStateHashes)
(JNIEnv* env, jclass self, jlong client, jint deadline_ms) {
  (void)self;
  vouch_buffer out = {NULL, 0};
  return take_unless(
      env,
      vouch_centre_state_hashes(client_of(client), (uint32_t)deadline_ms, &out),
      &out);
}

NATIVE(jbyteArray, export)
(JNIEnv* env, jclass self, jlong client, jbyteArray path) {
  (void)self;
  jni_bytes file = borrow(env, path);
  vouch_buffer out = {NULL, 0};
  vouch_error* error = vouch_export(client_of(client), file.slice, &out);
  give_back(&file);
  return take_unless(env, error, &out);
}

NATIVE(jbyteArray, evaluateRules)
(JNIEnv* env, jclass self, jbyteArray specification, jint version,
 jobjectArray units) {
  (void)self;
  const jsize count = (*env)->GetArrayLength(env, units);
  jni_bytes* borrowed = calloc((size_t)count + 1, sizeof *borrowed);
  vouch_slice* slices = calloc((size_t)count + 1, sizeof *slices);
  jbyteArray answer = NULL;
  if (borrowed != NULL && slices != NULL) {
    jni_bytes of = borrow(env, specification);
    for (jsize i = 0; i < count; ++i) {
      borrowed[i] =
          borrow(env, (jbyteArray)(*env)->GetObjectArrayElement(env, units, i));
      slices[i] = borrowed[i].slice;
    }
    vouch_buffer out = {NULL, 0};
    vouch_error* error = vouch_evaluate_rules(of.slice, (uint32_t)version,
                                              slices, (size_t)count, &out);
    for (jsize i = 0; i < count; ++i) give_back(&borrowed[i]);
    give_back(&of);
    answer = take_unless(env, error, &out);
  }
  free(borrowed);
  free(slices);
  return answer;
}
