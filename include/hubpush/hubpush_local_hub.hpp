#pragma once

/// \file
/// The embedded Hub, for demonstrations and tests: the Hub's API over real bare git repositories, on this machine.

#include <hubpush/local_hub/accounts.hpp>
#include <hubpush/local_hub/async_mutex.hpp>
#include <hubpush/local_hub/byte_range.hpp>
#include <hubpush/local_hub/commit_lines.hpp>
#include <hubpush/local_hub/commit_plan.hpp>
#include <hubpush/local_hub/faults.hpp>
#include <hubpush/local_hub/form_text.hpp>
#include <hubpush/local_hub/git_folder.hpp>
#include <hubpush/local_hub/git_formats.hpp>
#include <hubpush/local_hub/git_http.hpp>
#include <hubpush/local_hub/git_import.hpp>
#include <hubpush/local_hub/git_objects.hpp>
#include <hubpush/local_hub/git_repository.hpp>
#include <hubpush/local_hub/http_io.hpp>
#include <hubpush/local_hub/http_server.hpp>
#include <hubpush/local_hub/hub_service.hpp>
#include <hubpush/local_hub/ledger.hpp>
#include <hubpush/local_hub/lfs_store.hpp>
#include <hubpush/local_hub/local_hub.hpp>
#include <hubpush/local_hub/local_hub_thread.hpp>
#include <hubpush/local_hub/patterns.hpp>
#include <hubpush/local_hub/process.hpp>
#include <hubpush/local_hub/reply.hpp>
#include <hubpush/local_hub/repository_shelf.hpp>
#include <hubpush/local_hub/repository_tree.hpp>
#include <hubpush/local_hub/request_head.hpp>
#include <hubpush/local_hub/request_reader.hpp>
#include <hubpush/local_hub/served_connection.hpp>
#include <hubpush/local_hub/server_exchange.hpp>
#include <hubpush/local_hub/storage_service.hpp>
#include <hubpush/local_hub/url_signer.hpp>
