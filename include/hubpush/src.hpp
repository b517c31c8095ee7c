#pragma once

/// \file
/// The bodies of everything in hubpush.hpp, for the one source file that compiles them when
/// HUBPUSH_SEPARATE_COMPILATION is defined for the whole program.

#ifndef HUBPUSH_SEPARATE_COMPILATION
#error "define HUBPUSH_SEPARATE_COMPILATION for the whole program, or do not include this file"
#endif

// A lambda in a body that is compiled once has no linkage. g++ takes the body for a header's and fears that it is not
// once.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

#include <hubpush/core/impl/auto_reset_event.ipp>
#include <hubpush/core/impl/budget.ipp>
#include <hubpush/core/impl/byte_source.ipp>
#include <hubpush/core/impl/error.ipp>
#include <hubpush/core/impl/seams.ipp>
#include <hubpush/core/impl/utf8.ipp>

#include <hubpush/async/impl/group.ipp>
#include <hubpush/async/impl/offload.ipp>
#include <hubpush/async/impl/task.ipp>
#include <hubpush/async/impl/timing.ipp>

#include <hubpush/hash/impl/blake3.ipp>
#include <hubpush/hash/impl/blake3_avx2.ipp>
#include <hubpush/hash/impl/blake3_avx512.ipp>
#include <hubpush/hash/impl/blake3_kernel.ipp>
#include <hubpush/hash/impl/blake3_portable.ipp>
#include <hubpush/hash/impl/blake3_sse41.ipp>
#include <hubpush/hash/impl/blake3_tree.ipp>
#include <hubpush/hash/impl/crc64.ipp>
#include <hubpush/hash/impl/digest.ipp>
#include <hubpush/hash/impl/text.ipp>

#include <hubpush/net/impl/address_guard.ipp>
#include <hubpush/net/impl/connection_limits.ipp>
#include <hubpush/net/impl/connection_pool.ipp>
#include <hubpush/net/impl/connector.ipp>
#include <hubpush/net/impl/http_client.ipp>
#include <hubpush/net/impl/http_exchange.ipp>
#include <hubpush/net/impl/http_message.ipp>
#include <hubpush/net/impl/http_reader.ipp>
#include <hubpush/net/impl/proxy.ipp>
#include <hubpush/net/impl/redirect.ipp>
#include <hubpush/net/impl/resolver.ipp>
#include <hubpush/net/impl/retry_policy.ipp>
#include <hubpush/net/impl/tls.ipp>
#include <hubpush/net/impl/tls_options.ipp>
#include <hubpush/net/impl/tls_stream.ipp>
#include <hubpush/net/impl/trace.ipp>
#include <hubpush/net/impl/tunnel.ipp>
#include <hubpush/net/impl/url.ipp>

#include <hubpush/fs/impl/file_system.ipp>
#include <hubpush/fs/impl/match.ipp>
#include <hubpush/fs/impl/source.ipp>
#include <hubpush/fs/impl/walk.ipp>

#include <hubpush/hub/impl/commit_api.ipp>
#include <hubpush/hub/impl/commit_body.ipp>
#include <hubpush/hub/impl/commit_operation.ipp>
#include <hubpush/hub/impl/commit_resolver.ipp>
#include <hubpush/hub/impl/commits.ipp>
#include <hubpush/hub/impl/creation_grace.ipp>
#include <hubpush/hub/impl/discussions.ipp>
#include <hubpush/hub/impl/endpoint.ipp>
#include <hubpush/hub/impl/environment.ipp>
#include <hubpush/hub/impl/exactly_once.ipp>
#include <hubpush/hub/impl/failure.ipp>
#include <hubpush/hub/impl/json.ipp>
#include <hubpush/hub/impl/lfs.ipp>
#include <hubpush/hub/impl/paging.ipp>
#include <hubpush/hub/impl/path_changes.ipp>
#include <hubpush/hub/impl/preupload.ipp>
#include <hubpush/hub/impl/readme.ipp>
#include <hubpush/hub/impl/refs.ipp>
#include <hubpush/hub/impl/repo_id.ipp>
#include <hubpush/hub/impl/repos.ipp>
#include <hubpush/hub/impl/server_warnings.ipp>
#include <hubpush/hub/impl/session.ipp>
#include <hubpush/hub/impl/tree.ipp>
#include <hubpush/hub/impl/whoami.ipp>

#include <hubpush/xet/impl/byte_grouping.ipp>
#include <hubpush/xet/impl/chunker.ipp>
#include <hubpush/xet/impl/dedup.ipp>
#include <hubpush/xet/impl/dedup_index.ipp>
#include <hubpush/xet/impl/fields.ipp>
#include <hubpush/xet/impl/file_pass.ipp>
#include <hubpush/xet/impl/fragmentation.ipp>
#include <hubpush/xet/impl/gear_scan.ipp>
#include <hubpush/xet/impl/gear_scan_avx2.ipp>
#include <hubpush/xet/impl/gear_table.ipp>
#include <hubpush/xet/impl/hash.ipp>
#include <hubpush/xet/impl/lz4_frame.ipp>
#include <hubpush/xet/impl/merkle.ipp>
#include <hubpush/xet/impl/open_xorb.ipp>
#include <hubpush/xet/impl/shard.ipp>
#include <hubpush/xet/impl/shard_reader.ipp>
#include <hubpush/xet/impl/shard_writer.ipp>
#include <hubpush/xet/impl/xorb.ipp>
#include <hubpush/xet/impl/xorb_footer.ipp>
#include <hubpush/xet/impl/xorb_reader.ipp>
#include <hubpush/xet/impl/xorb_writer.ipp>

#include <hubpush/upload/impl/classify.ipp>
#include <hubpush/upload/impl/client.ipp>
#include <hubpush/upload/impl/commit.ipp>
#include <hubpush/upload/impl/context.ipp>
#include <hubpush/upload/impl/deletions.ipp>
#include <hubpush/upload/impl/large_files.ipp>
#include <hubpush/upload/impl/preflight.ipp>
#include <hubpush/upload/impl/progress.ipp>
#include <hubpush/upload/impl/scan.ipp>
#include <hubpush/upload/impl/transfer.ipp>

#include <hubpush/queue/impl/background.ipp>
#include <hubpush/queue/impl/fifo_queue.ipp>
#include <hubpush/queue/impl/job_ledger.ipp>
#include <hubpush/queue/impl/outcome.ipp>
#include <hubpush/queue/impl/patience.ipp>
#include <hubpush/queue/impl/queue_core.ipp>
#include <hubpush/queue/impl/queue_core_entry.ipp>
#include <hubpush/queue/impl/queue_core_run.ipp>
#include <hubpush/queue/impl/wait_list.ipp>

#include <hubpush/checkpoint/impl/safetensors.ipp>
