#pragma once

#include <hubpush/xet/file_pass.hpp>

namespace hubpush::inline v0 {

HUBPUSH_DECL file_pass::file_pass(bool with_sha256) : open_chunk_(chunk_hash_key()) {
    if (with_sha256) running_sha256_.emplace();
}

HUBPUSH_DECL std::span<const xet_chunk> file_pass::update(std::span<const std::byte> bytes) {
    size_ += bytes.size();
    ended_.clear();
    while (const std::optional<std::size_t> end = chunker_.find_end(bytes)) {
        take(bytes.first(*end));
        bytes = bytes.subspan(*end);
    }
    hash_waiting();
    if (running_sha256_) running_sha256_->update(bytes);
    open_chunk_.update(bytes);
    open_bytes_ += bytes.size();
    return ended_;
}

/// The open chunk ends with `piece`. One that lies within a piece waits for some more of them, to be hashed together.
HUBPUSH_DECL void file_pass::take(std::span<const std::byte> piece) {
    if (running_sha256_) running_sha256_->update(piece);
    if (open_bytes_ == 0) {
        waiting_.push_back(piece);
        if (waiting_.size() == digests_.size()) hash_waiting();
    } else {
        open_chunk_.update(piece);
        open_bytes_ += piece.size();
        end_open_chunk();
    }
}

HUBPUSH_DECL void file_pass::hash_waiting() {
    blake3_many(chunk_hash_key(), waiting_, std::span(digests_).first(waiting_.size()));
    for (std::size_t i = 0; i != waiting_.size(); ++i) {
        add(xet_chunk(xet_hash(digests_[i]), static_cast<std::uint32_t>(waiting_[i].size())));
    }
    waiting_.clear();
}

HUBPUSH_DECL void file_pass::end_open_chunk() {
    add(xet_chunk(xet_hash(open_chunk_.finish()), static_cast<std::uint32_t>(open_bytes_)));
    open_chunk_ = blake3(chunk_hash_key());
    open_bytes_ = 0;
}

HUBPUSH_DECL void file_pass::add(const xet_chunk& chunk) {
    tree_.add(chunk);
    ended_.push_back(chunk);
}

HUBPUSH_DECL std::optional<xet_chunk> file_pass::finish() {
    if (running_sha256_) sha256_ = running_sha256_->finish();
    running_sha256_.reset();
    if (open_bytes_ == 0) return std::nullopt;
    end_open_chunk();
    return ended_.back();
}

}  // namespace hubpush::inline v0
