// What the address remembers after its "#", such as "prompt=2&seed=1"; a fragment without "=" is the name of a section.
const fragment = {
  read: () => new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : ""),
  write: (changes) => {
    const found = fragment.read();
    for (const [name, value] of Object.entries(changes)) found.set(name, value);
    history.replaceState(null, "", `#${found}`);
  },
};
