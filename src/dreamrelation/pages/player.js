// Videos of one row (`data-together`) play in step, only while they are near the window, and stop for those who ask for
// less motion. A script that puts other videos into a row tells by the event "newvideos".
(() => {
  const REST_MS = 350; // between two rounds
  const CHECK_MS = 200; // how often a row's videos are compared
  const NEAR_S = 0.008; // less apart than this is in step
  const FAR_S = 0.25; // more apart than this is mended by a jump; between the two, by another speed
  const MARGIN = "150px";

  const button = document.getElementById("pause");
  const near = new Set();
  const rounds = new Map(); // row → its latest round, to which an earlier one gives way
  let paused = matchMedia("(prefers-reduced-motion: reduce)").matches;

  const videosOf = (row) => [...row.querySelectorAll("video")];
  const usable = (row) => videosOf(row).filter((video) => !video.error);
  const plays = (row) => !paused && near.has(row);

  const prepare = (video) => {
    if (video.getAttribute("src")) {
      video.dataset.src = video.getAttribute("src");
      video.removeAttribute("src");
    }
    video.controls = false;
    video.loop = false;
    if (!video.poster && video.dataset.poster) video.poster = video.dataset.poster;
  };
  const load = (video) => {
    if (video.getAttribute("src")) return;
    video.preload = "auto";
    video.src = video.dataset.src;
  };
  // Browsers play a few dozen videos at a time: those far away give theirs back.
  const unload = (video) => { video.removeAttribute("src"); video.load(); };

  const happens = (video, what) => new Promise((done) => {
    for (const name of [what, "error", "emptied"]) video.addEventListener(name, done, { once: true });
  });
  const ready = async (video) => {
    while (!video.error && video.getAttribute("src") && video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) {
      await happens(video, "loadeddata");
    }
  };
  const seek = async (video, time) => {
    if (video.error || Math.abs(video.currentTime - time) < 0.001) return;
    const arrived = happens(video, "seeked");
    video.currentTime = time;
    await arrived;
  };

  // From the first frame, or from where the first video stands, all of a row at once.
  const play = async (row, anew) => {
    const round = Symbol("round");
    rounds.set(row, round);
    const videos = videosOf(row);
    const isLatest = () => rounds.get(row) === round && plays(row);
    videos.forEach(load);
    await Promise.all(videos.map(ready));
    if (!isLatest()) return;
    const [first] = usable(row);
    const time = anew || !first || first.ended ? 0 : first.currentTime;
    await Promise.all(usable(row).map((video) => seek(video, time)));
    if (!isLatest()) return;
    for (const video of usable(row)) {
      video.playbackRate = 1;
      video.play().catch(() => { if (isLatest()) video.controls = true; });
    }
  };
  const stop = (row) => { rounds.delete(row); videosOf(row).forEach((video) => video.pause()); };

  const align = (row) => {
    const moving = usable(row).filter((video) => !video.paused && !video.ended && !video.seeking);
    for (const video of moving.slice(1)) {
      const behind = moving[0].currentTime - video.currentTime;
      if (Math.abs(behind) > FAR_S) video.currentTime = moving[0].currentTime;
      else video.playbackRate = Math.abs(behind) < NEAR_S ? 1 : Math.min(1.5, Math.max(0.5, 1 + (500 * behind) / CHECK_MS));
    }
  };
  setInterval(() => { if (!paused) near.forEach(align); }, CHECK_MS);

  const watcher = new IntersectionObserver((entries) => entries.forEach(({ target: row, isIntersecting }) => {
    if (isIntersecting && !near.has(row)) {
      near.add(row);
      videosOf(row).forEach(prepare);
      if (!paused) play(row, true);
    } else if (!isIntersecting && near.delete(row)) {
      stop(row);
      videosOf(row).forEach(unload);
    }
  }), { rootMargin: MARGIN });

  for (const row of document.querySelectorAll("[data-together]")) {
    row.addEventListener("ended", () => {
      const round = rounds.get(row);
      if (!plays(row) || !usable(row).every((video) => video.ended)) return;
      setTimeout(() => { if (plays(row) && rounds.get(row) === round) play(row, true); }, REST_MS);
    }, true);
    row.addEventListener("newvideos", () => {
      if (!near.has(row)) return;
      videosOf(row).forEach(prepare);
      if (!paused) play(row, true);
    });
    watcher.observe(row);
  }

  const show = () => {
    button.textContent = paused ? "Play videos" : "Pause videos";
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    near.forEach((row) => (paused ? stop(row) : play(row, false)));
    show();
  });
  show();
})();
