"""What benchmark_many_files measures hubpush against: the same folder, pushed by huggingface_hub.

Usage: many_files.py FOLDER ID. Prints name and version, CPU seconds, peak MiB and wall seconds of this process, of which
starting Python and loading the package are a part, as they are for every user.
"""

import resource
import sys
import time

begin = time.monotonic()

import huggingface_hub

api = huggingface_hub.HfApi()
api.create_repo(sys.argv[2], exist_ok=True)
api.upload_folder(repo_id=sys.argv[2], folder_path=sys.argv[1])

used = resource.getrusage(resource.RUSAGE_SELF)
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024
print(f"huggingface_hub-{huggingface_hub.__version__} {used.ru_utime + used.ru_stime:.3f} {peak:.1f} "
      f"{time.monotonic() - begin:.3f}")
