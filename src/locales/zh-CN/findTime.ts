export const findTime = {
} as const;
