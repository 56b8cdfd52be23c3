/* From nothing to a synced observation, in C11.
 *
 *   first_observation_c FOLDER HOST:PORT CODE
 *
 * An app of any size makes its messages with a protobuf library; here JSON
 * does, so that this file needs nothing but vouch.h. */
#include <stdio.h>
#include <stdlib.h>

#include "vouch/vouch.h"

/* Says what went wrong and what to do, and ends the program. */
static void must(vouch_error* error) {
  if (error == NULL) return;
  fprintf(stderr, "%s %s: %s\nWhat to do: %s\n", vouch_error_name(error),
          vouch_error_field(error), vouch_error_message(error),
          vouch_error_advice(error));
  vouch_error_free(error);
  exit(1);
}

static vouch_id save(vouch_client* client, const char* kind, const char* json,
                     const vouch_id* registration) {
  vouch_buffer bytes = {NULL, 0};
  must(vouch_message_from_json(vouch_text(kind), vouch_text(json), &bytes));
  vouch_message record = {vouch_text(kind), vouch_slice_of(&bytes)};
  vouch_id id;
  must(vouch_create(client, &record, registration, &id)); /* durable */
  vouch_buffer_free(&bytes);
  return id;
}

static void print_page(vouch_client* client, const vouch_id* registration) {
  vouch_query_options query = {.struct_size = sizeof query};
  query.kind = vouch_text("Observation");
  query.registration = registration;
  vouch_buffer page = {NULL, 0}, json = {NULL, 0};
  must(vouch_query(client, &query, &page));
  must(vouch_message_to_json(vouch_text("RecordPage"), vouch_slice_of(&page),
                             &json));
  printf("%s\n", (const char*)json.data);
  vouch_buffer_free(&page);
  vouch_buffer_free(&json);
}

static void print_safety(vouch_client* client, const vouch_id* record) {
  int32_t safety = 0;
  char id[37];
  must(vouch_safety_of(client, record, &safety));
  vouch_id_format(record, id);
  printf("%s %s\n", id, vouch_safety_words(safety));
}

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "first_observation_c FOLDER HOST:PORT CODE\n");
    return 2;
  }
  vouch_client* client = NULL;
  vouch_open_options options = {.struct_size = sizeof options};
  options.folder = vouch_text(argv[1]);
  must(vouch_open(&options, &client));
  vouch_buffer enrolment = {NULL, 0}; /* once; the rest needs no network */
  must(vouch_enrol(client, vouch_text(argv[2]), vouch_text(argv[3]), 0,
                   &enrolment));
  vouch_buffer_free(&enrolment);

  vouch_id candidate = save(client, "Registration",
                            "{\"candidate_name\": \"Sam Carter\"}", NULL);
  vouch_id seen =
      save(client, "Observation",
           "{\"venue\": \"Front office\", \"narrative\": [{\"text\":"
           " \"Answered every call within three rings.\"}]}",
           &candidate);
  print_page(client, &candidate);
  print_safety(client, &seen);

  vouch_sync_report report = {.struct_size = sizeof report};
  must(vouch_sync(client, NULL, &report)); /* whenever there is a network */
  vouch_ledger_numbers ledger = {.struct_size = sizeof ledger};
  must(vouch_ledger(client, &ledger));
  printf("%llu changes at the centre, %llu pending\n",
         (unsigned long long)ledger.stored, (unsigned long long)ledger.pending);
  print_safety(client, &seen);
  vouch_close(client);
  return 0;
}
