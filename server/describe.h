// From the fold's views to the messages that CentreService answers with. Pure;
// any thread.
#ifndef VOUCH_SERVER_DESCRIBE_H_
#define VOUCH_SERVER_DESCRIBE_H_

#include "storage/replica/change_store.h"
#include "sync/base/record_view.h"
#include "vouch/v1/centre_service.pb.h"

namespace vouch {

v1::RecordSummary DescribeRecord(const RecordSummaryRow& row,
                                 const RecordView& view);
v1::ConflictSummary DescribeConflict(const RecordView& view,
                                     const ConflictView& conflict);
v1::HeldChangeSummary DescribeHeld(const RecordView& view,
                                   const HeldChange& held);

}  // namespace vouch

#endif  // VOUCH_SERVER_DESCRIBE_H_
