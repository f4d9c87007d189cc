// Every sentence that the widget says by itself.

const plural = new Intl.PluralRules("en");

export const strings = {
  title: "Try it on",
  close: "Close",
  choose: "Choose a photo",
  chooseHint: "or drop or paste one here. JPEG, PNG, WebP or HEIC.",
  photoTips: "Best with one person, seen from the front, in good light.",
  samples: "No photo at hand? Take one of these.",
  sample: (number: number) => `Sample photo ${number}`,
  change: "Choose another photo",
  start: "Try it on",
  yourPhoto: "Your photo",
  noPreview: "Your photo is ready. This browser cannot show HEIC pictures.",
  readingPhoto: "Preparing your photo…",
  left: (count: number, limit: number) =>
    plural.select(limit) === "one"
      ? `${count} of ${limit} try-on left`
      : `${count} of ${limit} try-ons left`,
  resets: (date: string) => `Renews on ${date}`,
  working: "One moment",
  sending: "Sending your photo",
  queued: "Waiting for a free place",
  running: "Making your picture",
  elapsed: (seconds: number) =>
    plural.select(seconds) === "one" ? `${seconds} second` : `${seconds} seconds`,
  patience: "This usually takes less than a minute.",
  cancel: "Cancel",
  result: "Here you are",
  resultAlt: (title: string) => (title ? `You, with ${title}` : "You, with the product"),
  honest: "An AI preview of style, not of fit.",
  download: "Download",
  before: "Show my photo",
  after: "Show the try-on",
  another: "Try another photo",
  login: "Log in to try it on",
  loginText: "Try-ons belong to your account, so we need to know who you are.",
  loginAction: "Log in",
  loginNowhere: "Please log in to the shop, then come back to this page.",
  keep: "Keep my photo in this tab until I come back",
  welcomeBack: "Welcome back. Your photo is still here.",
  unavailable: "Not available right now",
  problem: "That did not work",
  again: "Try again",
  back: "Back",
  notAPhoto: "This file is not a photo. Please choose a JPEG, PNG, WebP or HEIC picture.",
  emptyPhoto: "This file is empty. Please choose another photo.",
  brokenPhoto: "This photo is damaged and cannot be opened. Please choose another one.",
  smallPhoto: "This photo is too small. Please choose one of at least 256 by 256 pixels.",
  largePhoto: (megabytes: string) =>
    `This photo is larger than ${megabytes} MB. Please choose a smaller one.`,
  offline: "There is no connection right now. Please check it, then try again.",
  slow: "This takes longer than it should. Please try again in a minute.",
  noProduct: "It is not clear what to try on. Please reload the page.",
  failed: "Something went wrong. Please try again in a minute.",
};
