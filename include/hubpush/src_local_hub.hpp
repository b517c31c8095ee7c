#pragma once

/// \file
/// The bodies of everything in hubpush_local_hub.hpp, for the one source file that compiles them when
/// HUBPUSH_SEPARATE_COMPILATION is defined for the whole program.

#ifndef HUBPUSH_SEPARATE_COMPILATION
#error "define HUBPUSH_SEPARATE_COMPILATION for the whole program, or do not include this file"
#endif

// A lambda in a body that is compiled once has no linkage. g++ takes the body for a header's and fears that it is not
// once.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wsubobject-linkage"
#endif

#include <hubpush/local_hub/impl/accounts.ipp>
#include <hubpush/local_hub/impl/byte_range.ipp>
#include <hubpush/local_hub/impl/commit_lines.ipp>
#include <hubpush/local_hub/impl/commit_plan.ipp>
#include <hubpush/local_hub/impl/discussions.ipp>
#include <hubpush/local_hub/impl/faults.ipp>
#include <hubpush/local_hub/impl/form_text.ipp>
#include <hubpush/local_hub/impl/front_matter.ipp>
#include <hubpush/local_hub/impl/git_folder.ipp>
#include <hubpush/local_hub/impl/git_formats.ipp>
#include <hubpush/local_hub/impl/git_http.ipp>
#include <hubpush/local_hub/impl/git_import.ipp>
#include <hubpush/local_hub/impl/git_objects.ipp>
#include <hubpush/local_hub/impl/git_repository.ipp>
#include <hubpush/local_hub/impl/git_repository_writing.ipp>
#include <hubpush/local_hub/impl/http_server.ipp>
#include <hubpush/local_hub/impl/hub_service.ipp>
#include <hubpush/local_hub/impl/json_body.ipp>
#include <hubpush/local_hub/impl/ledger.ipp>
#include <hubpush/local_hub/impl/lfs_store.ipp>
#include <hubpush/local_hub/impl/local_hub.ipp>
#include <hubpush/local_hub/impl/local_hub_thread.ipp>
#include <hubpush/local_hub/impl/patterns.ipp>
#include <hubpush/local_hub/impl/process.ipp>
#include <hubpush/local_hub/impl/rate_windows.ipp>
#include <hubpush/local_hub/impl/reply.ipp>
#include <hubpush/local_hub/impl/repository_kind.ipp>
#include <hubpush/local_hub/impl/repository_shelf.ipp>
#include <hubpush/local_hub/impl/repository_tree.ipp>
#include <hubpush/local_hub/impl/request_head.ipp>
#include <hubpush/local_hub/impl/request_reader.ipp>
#include <hubpush/local_hub/impl/routes_accounts.ipp>
#include <hubpush/local_hub/impl/routes_commit.ipp>
#include <hubpush/local_hub/impl/routes_discussions.ipp>
#include <hubpush/local_hub/impl/routes_files.ipp>
#include <hubpush/local_hub/impl/routes_lfs.ipp>
#include <hubpush/local_hub/impl/routes_listing.ipp>
#include <hubpush/local_hub/impl/routes_refs.ipp>
#include <hubpush/local_hub/impl/routes_settings.ipp>
#include <hubpush/local_hub/impl/served_connection.ipp>
#include <hubpush/local_hub/impl/server_exchange.ipp>
#include <hubpush/local_hub/impl/storage_service.ipp>
#include <hubpush/local_hub/impl/url_signer.ipp>
#include <hubpush/local_hub/impl/whole_file.ipp>
