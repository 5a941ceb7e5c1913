/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * index/encrypted-env.cc - RocksDB's files, encrypted by a cipher that is handed in.
 *
 * The one C++ file of the project: encryption is not in RocksDB's C interface. Each file begins
 * with a page of its own:
 *
 *     0   8  "dnkv" 0 0 0 1
 *     8  16  nonce, random: it names the key stream of this file
 *    24  16  the key stream at offset 0, which covers no data: tells a wrong key at once, before
 *            RocksDB looks at what would be noise
 *    40      zeros, up to PAGE
 *
 * Data at offset n >= PAGE of the file is XORed with the key stream at n. RocksDB's checksums lie
 * under the cipher; they find damage, not an attacker who can write (the log is what proves).
 *
 * Layers: QuietFs (no info log, lengths checked, busy told apart) over RocksDB's encrypted file
 * system over the operating system's. No exception leaves a function that C calls.
 */
#include "config.h"
#include "index/encrypted-env.h"
#include "base/failpoint.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/env_encryption.h>
#include <rocksdb/file_system.h>
#include <rocksdb/version.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

/* rocksdb_env_t, rocksdb_t and rocksdb_column_family_handle_t are private to RocksDB's c.cc; what
 * stands here was compared with these releases. */
static_assert(ROCKSDB_MAJOR == 7 && ROCKSDB_MINOR == 8,
              "compare the structs below with db/c.cc of this release of RocksDB");

struct rocksdb_env_t {
    rocksdb::Env *rep;
    bool is_default;
};
struct rocksdb_t {
    rocksdb::DB *rep;
};
struct rocksdb_column_family_handle_t {
    rocksdb::ColumnFamilyHandle *rep;
};

namespace
{

using rocksdb::FileSystem;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
using rocksdb::Status;

constexpr size_t PAGE = 4096; /* direct I/O would want whole pages */
constexpr size_t NONCE = 16;
constexpr size_t CHECK = 16;
constexpr char MAGIC[8] = {'d', 'n', 'k', 'v', 0, 0, 0, 1};
constexpr size_t NONCE_AT = sizeof MAGIC;
constexpr size_t CHECK_AT = NONCE_AT + NONCE;

struct Cipher {
    DnKvCipher call;
    void *user_data;
};

bool
ends_with(const std::string &text, const std::string &end)
{
    return text.size() >= end.size() &&
           text.compare(text.size() - end.size(), end.size(), end) == 0;
}

class Stream : public rocksdb::BlockAccessCipherStream
{
  public:
    Stream(const Cipher &cipher, const char *nonce) : cipher_(cipher)
    {
        memcpy(nonce_, nonce, NONCE);
    }

    size_t BlockSize() override
    {
        return 1;
    }

    Status Encrypt(uint64_t offset, char *data, size_t size) override
    {
        cipher_.call(cipher_.user_data, nonce_, offset, reinterpret_cast<uint8_t *>(data), size);
        return Status::OK();
    }

    Status Decrypt(uint64_t offset, char *data, size_t size) override
    {
        return Encrypt(offset, data, size);
    }

  protected:
    void AllocateScratch(std::string &) override
    {
    }

    Status EncryptBlock(uint64_t, char *, char *) override
    {
        return Status::NotSupported("whole buffers only");
    }

    Status DecryptBlock(uint64_t, char *, char *) override
    {
        return Status::NotSupported("whole buffers only");
    }

  private:
    Cipher cipher_;
    uint8_t nonce_[NONCE];
};

class Provider : public rocksdb::EncryptionProvider
{
  public:
    explicit Provider(const Cipher &cipher) : cipher_(cipher)
    {
    }

    const char *Name() const override
    {
        return "dencho";
    }

    size_t GetPrefixLength() const override
    {
        return PAGE;
    }

    Status CreateNewPrefix(const std::string &, char *prefix, size_t size) const override
    {
        if (size < PAGE)
            return Status::InvalidArgument("no room for the first page");
        memset(prefix, 0, size);
        memcpy(prefix, MAGIC, sizeof MAGIC);
        if (getentropy(prefix + NONCE_AT, NONCE) != 0)
            return Status::IOError("no random bytes");
        return Stream(cipher_, prefix + NONCE_AT).Encrypt(0, prefix + CHECK_AT, CHECK);
    }

    Status AddCipher(const std::string &, const char *, size_t, bool) override
    {
        return Status::NotSupported("the cipher is fixed");
    }

    Status CreateCipherStream(const std::string &, const rocksdb::EnvOptions &, Slice &prefix,
                              std::unique_ptr<rocksdb::BlockAccessCipherStream> *result) override
    {
        static const char zeros[CHECK] = {0};
        char check[CHECK];

        if (prefix.size() < PAGE || memcmp(prefix.data(), MAGIC, sizeof MAGIC) != 0)
            return Status::Corruption("not a file of this archive");
        std::unique_ptr<Stream> stream(new Stream(cipher_, prefix.data() + NONCE_AT));
        memcpy(check, prefix.data() + CHECK_AT, CHECK);
        Status status = stream->Decrypt(0, check, CHECK);
        if (!status.ok())
            return status;
        if (memcmp(check, zeros, CHECK) != 0)
            return Status::Corruption("written under another key");
        *result = std::move(stream);
        return status;
    }

  private:
    Cipher cipher_;
};

class NoLogger : public rocksdb::Logger
{
  public:
    using rocksdb::Logger::Logv;

    NoLogger() : rocksdb::Logger(rocksdb::InfoLogLevel::NUM_INFO_LOG_LEVELS)
    {
    }

    void LogHeader(const char *, va_list) override
    {
    }

    void Logv(const char *, va_list) override
    {
    }
};

/* A finished file that is opened again to be synced, not to be written. */
class SyncOnlyFile : public rocksdb::FSWritableFileOwnerWrapper
{
  public:
    using rocksdb::FSWritableFileOwnerWrapper::FSWritableFileOwnerWrapper;

    IOStatus Append(const Slice &, const IOOptions &, IODebugContext *) override
    {
        return IOStatus::NotSupported("this file is finished");
    }

    IOStatus Append(const Slice &, const IOOptions &, const rocksdb::DataVerificationInfo &,
                    IODebugContext *) override
    {
        return IOStatus::NotSupported("this file is finished");
    }
};

#ifdef DN_FAILPOINTS
IOStatus
injected()
{
    return errno == ENOSPC ? IOStatus::NoSpace("by a fail point")
                           : IOStatus::IOError("by a fail point");
}

class FailingWritable : public rocksdb::FSWritableFileWrapper
{
  public:
    explicit FailingWritable(std::unique_ptr<rocksdb::FSWritableFile> &&file)
        : FSWritableFileWrapper(file.get()), file_(std::move(file))
    {
    }

    IOStatus Append(const Slice &data, const IOOptions &options, IODebugContext *context) override
    {
        if (DN_FAILPOINT("rocksdb.append"))
            return injected();
        size_t first = DN_FAILPOINT_SIZE(data.size());
        IOStatus status = target()->Append(Slice(data.data(), first), options, context);

        if (!status.ok() || first == data.size())
            return status;
        if (DN_FAILPOINT("rocksdb.append")) /* torn: here it ends */
            return injected();
        return target()->Append(Slice(data.data() + first, data.size() - first), options, context);
    }

    IOStatus Append(const Slice &data, const IOOptions &options,
                    const rocksdb::DataVerificationInfo &, IODebugContext *context) override
    {
        return Append(data, options, context);
    }

    IOStatus Sync(const IOOptions &options, IODebugContext *context) override
    {
        return DN_FAILPOINT("rocksdb.sync") ? injected() : target()->Sync(options, context);
    }

    IOStatus Fsync(const IOOptions &options, IODebugContext *context) override
    {
        return DN_FAILPOINT("rocksdb.sync") ? injected() : target()->Fsync(options, context);
    }

    IOStatus Close(const IOOptions &options, IODebugContext *context) override
    {
        IOStatus status = target()->Close(options, context);

        return DN_FAILPOINT("rocksdb.close") ? injected() : status;
    }

  private:
    std::unique_ptr<rocksdb::FSWritableFile> file_;
};

class FailingReadable : public rocksdb::FSRandomAccessFileWrapper
{
  public:
    explicit FailingReadable(std::unique_ptr<rocksdb::FSRandomAccessFile> &&file)
        : FSRandomAccessFileWrapper(file.get()), file_(std::move(file))
    {
    }

    IOStatus Read(uint64_t offset, size_t size, const IOOptions &options, Slice *result,
                  char *scratch, IODebugContext *context) const override
    {
        return DN_FAILPOINT("rocksdb.read")
                   ? injected()
                   : target()->Read(offset, size, options, result, scratch, context);
    }

  private:
    std::unique_ptr<rocksdb::FSRandomAccessFile> file_;
};

class FailingDirectory : public rocksdb::FSDirectoryWrapper
{
  public:
    explicit FailingDirectory(std::unique_ptr<rocksdb::FSDirectory> &&directory)
        : FSDirectoryWrapper(std::move(directory))
    {
    }

    IOStatus FsyncWithDirOptions(const IOOptions &options, IODebugContext *context,
                                 const rocksdb::DirFsyncOptions &how) override
    {
        return DN_FAILPOINT("rocksdb.sync-dir")
                   ? injected()
                   : FSDirectoryWrapper::FsyncWithDirOptions(options, context, how);
    }
};

/* The calls of the disk that RocksDB makes, each of which can be made to fail. */
class FailingFs : public rocksdb::FileSystemWrapper
{
  public:
    explicit FailingFs(const std::shared_ptr<FileSystem> &target) : FileSystemWrapper(target)
    {
    }

    const char *Name() const override
    {
        return "failing";
    }

    IOStatus NewWritableFile(const std::string &name, const rocksdb::FileOptions &options,
                             std::unique_ptr<rocksdb::FSWritableFile> *result,
                             IODebugContext *context) override
    {
        std::unique_ptr<rocksdb::FSWritableFile> file;

        if (DN_FAILPOINT("rocksdb.create"))
            return injected();
        IOStatus status = target_->NewWritableFile(name, options, &file, context);
        if (status.ok())
            result->reset(new FailingWritable(std::move(file)));
        return status;
    }

    IOStatus ReopenWritableFile(const std::string &name, const rocksdb::FileOptions &options,
                                std::unique_ptr<rocksdb::FSWritableFile> *result,
                                IODebugContext *context) override
    {
        std::unique_ptr<rocksdb::FSWritableFile> file;

        if (DN_FAILPOINT("rocksdb.open"))
            return injected();
        IOStatus status = target_->ReopenWritableFile(name, options, &file, context);
        if (status.ok())
            result->reset(new FailingWritable(std::move(file)));
        return status;
    }

    IOStatus LinkFile(const std::string &from, const std::string &to, const IOOptions &options,
                      IODebugContext *context) override
    {
        return DN_FAILPOINT("rocksdb.link") ? injected()
                                            : target_->LinkFile(from, to, options, context);
    }

    IOStatus NewRandomAccessFile(const std::string &name, const rocksdb::FileOptions &options,
                                 std::unique_ptr<rocksdb::FSRandomAccessFile> *result,
                                 IODebugContext *context) override
    {
        std::unique_ptr<rocksdb::FSRandomAccessFile> file;

        if (DN_FAILPOINT("rocksdb.open"))
            return injected();
        IOStatus status = target_->NewRandomAccessFile(name, options, &file, context);
        if (status.ok())
            result->reset(new FailingReadable(std::move(file)));
        return status;
    }

    IOStatus NewSequentialFile(const std::string &name, const rocksdb::FileOptions &options,
                               std::unique_ptr<rocksdb::FSSequentialFile> *result,
                               IODebugContext *context) override
    {
        return DN_FAILPOINT("rocksdb.open")
                   ? injected()
                   : target_->NewSequentialFile(name, options, result, context);
    }

    IOStatus NewDirectory(const std::string &name, const IOOptions &options,
                          std::unique_ptr<rocksdb::FSDirectory> *result,
                          IODebugContext *context) override
    {
        std::unique_ptr<rocksdb::FSDirectory> directory;

        if (DN_FAILPOINT("rocksdb.open"))
            return injected();
        IOStatus status = target_->NewDirectory(name, options, &directory, context);
        if (status.ok())
            result->reset(new FailingDirectory(std::move(directory)));
        return status;
    }

    IOStatus GetChildren(const std::string &dir, const IOOptions &options,
                         std::vector<std::string> *result, IODebugContext *context) override
    {
        return DN_FAILPOINT("rocksdb.list") ? injected()
                                            : target_->GetChildren(dir, options, result, context);
    }

    IOStatus RenameFile(const std::string &from, const std::string &to, const IOOptions &options,
                        IODebugContext *context) override
    {
        return DN_FAILPOINT("rocksdb.rename") ? injected()
                                              : target_->RenameFile(from, to, options, context);
    }

    IOStatus DeleteFile(const std::string &name, const IOOptions &options,
                        IODebugContext *context) override
    {
        return DN_FAILPOINT("rocksdb.delete") ? injected()
                                              : target_->DeleteFile(name, options, context);
    }
};
#endif

class QuietFs : public rocksdb::FileSystemWrapper
{
  public:
    /* @raw shows lengths as they are on disk, with the first page of @page bytes. */
    QuietFs(const std::shared_ptr<FileSystem> &target, const std::shared_ptr<FileSystem> &raw,
            size_t page)
        : FileSystemWrapper(target), raw_(raw), page_(page)
    {
    }

    const char *Name() const override
    {
        return "dencho";
    }

    IOStatus NewLogger(const std::string &, const IOOptions &,
                       std::shared_ptr<rocksdb::Logger> *result, IODebugContext *) override
    {
        result->reset(new NoLogger);
        return IOStatus::OK();
    }

    IOStatus LockFile(const std::string &name, const IOOptions &options, rocksdb::FileLock **lock,
                      IODebugContext *context) override
    {
        errno = 0;
        IOStatus status = target_->LockFile(name, options, lock, context);

        /* ENOLCK: this process holds it already (RocksDB's own table). */
        if (!status.ok() && (errno == EAGAIN || errno == EACCES || errno == ENOLCK))
            return IOStatus::Busy(status.ToString());
        return status;
    }

    /* The encrypted file system asserts that no file is shorter than its first page, but a crash
     * can leave one. */
    IOStatus GetFileSize(const std::string &name, const IOOptions &options, uint64_t *size,
                         IODebugContext *context) override
    {
        uint64_t raw_size = 0;
        IOStatus status = raw_->GetFileSize(name, options, &raw_size, context);

        if (!status.ok())
            return status;
        *size = raw_size < page_ ? 0 : raw_size - page_;
        return status;
    }

    IOStatus GetChildrenFileAttributes(const std::string &dir, const IOOptions &options,
                                       std::vector<rocksdb::FileAttributes> *result,
                                       IODebugContext *context) override
    {
        IOStatus status = raw_->GetChildrenFileAttributes(dir, options, result, context);

        if (status.ok())
            for (auto &attributes : *result)
                attributes.size_bytes -= std::min<uint64_t>(attributes.size_bytes, page_);
        return status;
    }

    IOStatus NewSequentialFile(const std::string &name, const rocksdb::FileOptions &options,
                               std::unique_ptr<rocksdb::FSSequentialFile> *result,
                               IODebugContext *context) override
    {
        IOStatus status = whole_page(name, options.io_options, context);

        if (status.ok())
            status = target_->NewSequentialFile(name, options, result, context);
        /* RocksDB asserts that its identity either is read or fails with an I/O error. */
        if (status.IsCorruption() && ends_with(name, "/IDENTITY"))
            return IOStatus::IOError(status.ToString());
        return status;
    }

    IOStatus NewRandomAccessFile(const std::string &name, const rocksdb::FileOptions &options,
                                 std::unique_ptr<rocksdb::FSRandomAccessFile> *result,
                                 IODebugContext *context) override
    {
        IOStatus status = whole_page(name, options.io_options, context);

        return status.ok() ? target_->NewRandomAccessFile(name, options, result, context) : status;
    }

    /* RocksDB opens a table file that it is given in this way, and only syncs it. The encrypted
     * file system would begin it anew: with another first page, at its end. */
    IOStatus ReopenWritableFile(const std::string &name, const rocksdb::FileOptions &options,
                                std::unique_ptr<rocksdb::FSWritableFile> *result,
                                IODebugContext *context) override
    {
        std::unique_ptr<rocksdb::FSWritableFile> file;
        IOStatus status = raw_->ReopenWritableFile(name, options, &file, context);

        if (status.ok())
            result->reset(new SyncOnlyFile(std::move(file)));
        return status;
    }

  private:
    IOStatus whole_page(const std::string &name, const IOOptions &options, IODebugContext *context)
    {
        uint64_t size = 0;

        if (page_ == 0)
            return IOStatus::OK();
        IOStatus status = raw_->GetFileSize(name, options, &size, context);
        if (status.ok() && size < page_)
            return IOStatus::Corruption("file ends within its first page", name);
        return status;
    }

    std::shared_ptr<FileSystem> raw_;
    uint64_t page_;
};

} // namespace

extern "C" rocksdb_env_t *
dn_encrypted_env_new(DnKvCipher cipher, void *user_data)
{
    std::shared_ptr<FileSystem> raw = FileSystem::Default();
#ifdef DN_FAILPOINTS
    raw = std::make_shared<FailingFs>(raw);
#endif
    std::shared_ptr<FileSystem> target = raw;

    if (cipher)
        target =
            rocksdb::NewEncryptedFS(raw, std::make_shared<Provider>(Cipher{cipher, user_data}));
    auto quiet = std::make_shared<QuietFs>(target, raw, cipher ? PAGE : 0);
    return new rocksdb_env_t{rocksdb::NewCompositeEnv(quiet).release(), false};
}

extern "C" char *
dn_encrypted_env_check(rocksdb_t *db)
{
    Status status = db->rep->VerifyChecksum(rocksdb::ReadOptions());

    return status.ok() ? nullptr : strdup(status.ToString().c_str());
}

extern "C" char *
dn_encrypted_env_flush(rocksdb_t *db, rocksdb_column_family_handle_t *const *families,
                       size_t families_count)
{
    std::vector<rocksdb::ColumnFamilyHandle *> handles;

    for (size_t i = 0; i < families_count; i++)
        handles.push_back(families[i]->rep);
    Status status = db->rep->Flush(rocksdb::FlushOptions(), handles);
    return status.ok() ? nullptr : strdup(status.ToString().c_str());
}

extern "C" char *
dn_encrypted_env_ingest(rocksdb_t *db, rocksdb_column_family_handle_t *const *families,
                        char *const *const *files, size_t families_count)
{
    std::vector<rocksdb::IngestExternalFileArg> all;

    for (size_t i = 0; i < families_count; i++) {
        rocksdb::IngestExternalFileArg arg;

        for (size_t n = 0; files[i] && files[i][n]; n++)
            arg.external_files.push_back(files[i][n]);
        if (arg.external_files.empty())
            continue;
        arg.column_family = families[i]->rep;
        arg.options.move_files = true;
        arg.options.write_global_seqno = false; /* a finished file is not written to again */
        all.push_back(std::move(arg));
    }
    if (all.empty())
        return nullptr;
    Status status = db->rep->IngestExternalFiles(all);
    return status.ok() ? nullptr : strdup(status.ToString().c_str());
}
