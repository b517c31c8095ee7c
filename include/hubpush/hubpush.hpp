#pragma once

/// \file
/// Everything a program that pushes to the Hub needs. Programs that also embed a Hub include hubpush_local_hub.hpp.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/budget.hpp>
#include <hubpush/core/byte_source.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/core/options.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/core/secret.hpp>
#include <hubpush/core/utf8.hpp>

#include <hubpush/async/all.hpp>
#include <hubpush/async/batch.hpp>
#include <hubpush/async/group.hpp>
#include <hubpush/async/map.hpp>
#include <hubpush/async/notifier.hpp>
#include <hubpush/async/offload.hpp>
#include <hubpush/async/retry.hpp>
#include <hubpush/async/stages.hpp>
#include <hubpush/async/step.hpp>
#include <hubpush/async/step_traits.hpp>
#include <hubpush/async/stream.hpp>
#include <hubpush/async/tap.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/async/timeout.hpp>
#include <hubpush/async/timing.hpp>

#include <hubpush/hash/blake3.hpp>
#include <hubpush/hash/crc64.hpp>
#include <hubpush/hash/digest.hpp>
#include <hubpush/hash/text.hpp>

#include <hubpush/net/connection_pool.hpp>
#include <hubpush/net/connector.hpp>
#include <hubpush/net/http_client.hpp>
#include <hubpush/net/http_exchange.hpp>
#include <hubpush/net/http_message.hpp>
#include <hubpush/net/http_reader.hpp>
#include <hubpush/net/resolver.hpp>
#include <hubpush/net/retry_policy.hpp>
#include <hubpush/net/tcp_stream.hpp>
#include <hubpush/net/tls.hpp>
#include <hubpush/net/tls_options.hpp>
#include <hubpush/net/url.hpp>

#include <hubpush/fs/file_system.hpp>
#include <hubpush/fs/match.hpp>
#include <hubpush/fs/source.hpp>
#include <hubpush/fs/walk.hpp>

#include <hubpush/hub/commit_api.hpp>
#include <hubpush/hub/commit_body.hpp>
#include <hubpush/hub/commit_operation.hpp>
#include <hubpush/hub/commit_resolver.hpp>
#include <hubpush/hub/commits.hpp>
#include <hubpush/hub/endpoint.hpp>
#include <hubpush/hub/environment.hpp>
#include <hubpush/hub/failure.hpp>
#include <hubpush/hub/json.hpp>
#include <hubpush/hub/lfs.hpp>
#include <hubpush/hub/paging.hpp>
#include <hubpush/hub/preupload.hpp>
#include <hubpush/hub/repo_id.hpp>
#include <hubpush/hub/repos.hpp>
#include <hubpush/hub/session.hpp>
#include <hubpush/hub/tree.hpp>
#include <hubpush/hub/whoami.hpp>

#include <hubpush/xet/byte_grouping.hpp>
#include <hubpush/xet/chunker.hpp>
#include <hubpush/xet/dedup.hpp>
#include <hubpush/xet/dedup_index.hpp>
#include <hubpush/xet/fields.hpp>
#include <hubpush/xet/file_pass.hpp>
#include <hubpush/xet/fragmentation.hpp>
#include <hubpush/xet/hash.hpp>
#include <hubpush/xet/lz4_frame.hpp>
#include <hubpush/xet/merkle.hpp>
#include <hubpush/xet/open_xorb.hpp>
#include <hubpush/xet/shard.hpp>
#include <hubpush/xet/shard_reader.hpp>
#include <hubpush/xet/shard_writer.hpp>
#include <hubpush/xet/xorb.hpp>
#include <hubpush/xet/xorb_footer.hpp>
#include <hubpush/xet/xorb_reader.hpp>
#include <hubpush/xet/xorb_writer.hpp>

#include <hubpush/upload/async_calls.hpp>
#include <hubpush/upload/calls.hpp>
#include <hubpush/upload/classify.hpp>
#include <hubpush/upload/client.hpp>
#include <hubpush/upload/client_options.hpp>
#include <hubpush/upload/commit.hpp>
#include <hubpush/upload/context.hpp>
#include <hubpush/upload/hashing.hpp>
#include <hubpush/upload/large_files.hpp>
#include <hubpush/upload/options.hpp>
#include <hubpush/upload/plan.hpp>
#include <hubpush/upload/progress.hpp>
#include <hubpush/upload/scan.hpp>
#include <hubpush/upload/transfer.hpp>

#include <hubpush/queue/background.hpp>
#include <hubpush/queue/fifo_queue.hpp>
#include <hubpush/queue/job.hpp>
#include <hubpush/queue/job_ledger.hpp>
#include <hubpush/queue/outcome.hpp>
#include <hubpush/queue/patience.hpp>
#include <hubpush/queue/queue_core.hpp>
#include <hubpush/queue/queue_options.hpp>

#include <hubpush/checkpoint/safetensors.hpp>
