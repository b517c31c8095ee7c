#pragma once

#include <hubpush/async/task.hpp>
#include <hubpush/local_hub/local_hub_thread.hpp>

namespace hubpush::inline v0 {

HUBPUSH_DECL local_hub_thread::local_hub_thread(local_hub_options options)
    : context_(1), hub_(context_.get_executor(), options) {
    const seams reports = options.seams();
    const auto on_end = [reports](std::exception_ptr failure) {
        try {
            if (failure) std::rethrow_exception(failure);
        } catch (const cancelled&) {
            return;  // the destructor
        } catch (...) {
            reports.log().write(log_level::error, "local hub: " + describe(std::current_exception()));
        }
    };
    initiate(context_.get_executor(), hub_.serve(), asio::bind_cancellation_slot(stop_.slot(), on_end));
    thread_ = std::thread([this] { context_.run(); });
}

HUBPUSH_DECL local_hub_thread::~local_hub_thread() {
    asio::post(context_, [this] { stop_.emit(asio::cancellation_type::terminal); });
    thread_.join();
}

}  // namespace hubpush::inline v0
