// Of photos from the place, and of what is fed back with them.

export const en = {
  attachedSeveral: (count: number, no: string) => `${count} photos added to ${no}.`,
  attaching: (nth: number, count: number) => `Adding photo ${nth} of ${count}…`,
  attachedOf: (done: number, count: number) => `${done} of ${count} photos were added, then:`,
  unanswered: "the server did not answer.",
  placePhotoBy: (who: string, when: string) => `Photo from the place, ${who}, ${when}`,
  addedBy: (who: string, when: string) => `added by ${who}, ${when}`,
  phoneClock: (time: string) => `taken ${time} by the phone's clock`,
  atPlace: "at the place",
  feedBackTitle: (no: string) => `Is ${no} handled?`,
  feedBackPhotos: (count: number) => (count === 1 ? "1 photo was added." : `${count} photos were added.`),
  feedBackNone: "No photo was added: nobody will see from here what was done.",
};

export const zh: typeof en = {
  attachedSeveral: (count: number, no: string) => `${count} 张照片已加入 ${no}。`,
  attaching: (nth: number, count: number) => `正在上传第 ${nth} / ${count} 张照片…`,
  attachedOf: (done: number, count: number) => `已上传 ${done} / ${count} 张照片，随后：`,
  unanswered: "服务器没有响应。",
  placePhotoBy: (who: string, when: string) => `现场照片，${who}，${when}`,
  addedBy: (who: string, when: string) => `${who}上传，${when}`,
  phoneClock: (time: string) => `手机时间 ${time} 拍摄`,
  atPlace: "现场",
  feedBackTitle: (no: string) => `${no} 已处理完毕？`,
  feedBackPhotos: (count: number) => `已上传 ${count} 张照片。`,
  feedBackNone: "尚未上传照片：他人无法看到处理结果。",
};
